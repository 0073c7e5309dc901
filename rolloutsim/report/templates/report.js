"use strict";
(() => {
  const tip = document.getElementById("tip");
  const texts = new Map();
  for (const figure of document.querySelectorAll("figure")) {
    const data = figure.querySelector("script.tips");
    texts.set(figure, data ? JSON.parse(data.textContent) : []);
  }
  let lit = [];
  const light = (of) => {
    for (const one of lit) one.classList.remove("lit");
    lit = of ? [...document.querySelectorAll(`[data-of="${CSS.escape(of)}"]`)] : [];
    for (const one of lit) one.classList.add("lit");
  };
  const show = (event) => {
    const part = event.target.closest("[data-of]");
    light(part && part.dataset.of);
    const figure = part && part.closest("figure");
    const text = figure && texts.get(figure)[part.dataset.tip];
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 4))}px`;
    tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - box.height - 4))}px`;
  };
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("pointerleave", () => { light(null); tip.hidden = true; });

  for (const head of document.querySelectorAll("th")) {
    head.setAttribute("aria-sort", "none");
    head.tabIndex = 0;
    const sort = () => {
      const row = head.parentNode, body = head.closest("table").tBodies[0];
      const place = [...row.cells].indexOf(head);
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of row.cells) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const keyed = [...body.rows].map((line) => {
        const { dataset, textContent } = line.cells[place];
        return ["value" in dataset ? Number(dataset.value) : null, textContent, line];
      });
      keyed.sort(([a, x], [b, y]) => {
        const order = a !== null && b !== null ? a - b : a === b ? x.localeCompare(y) : a === null ? 1 : -1;
        return up ? order : -order;
      });
      body.append(...keyed.map(([, , line]) => line));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); sort(); } });
  }

  // A closer look at long series, in place of the image while it lasts.
  const style = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
  const ink = (colour) => (colour === "#1f2328" ? style("--ink") : colour);
  const short = (number) => String(Number(number.toPrecision(5)));
  const aligned = ({ step, part, series }) => {
    const tables = series.map(({ x, y }) => {
      let at = 0;
      return [x.map((more) => (at += more) * step), y.map((value) => value * part)];
    });
    const [x, ...rows] = uPlot.join(tables);
    for (const row of rows) {
      let last = null; // a step lasts until the next one
      for (let i = 0; i < row.length; i++) row[i] = last = row[i] ?? last;
    }
    return [x, ...rows];
  };
  // From 0 while all of the time is shown, around what is to be seen in a part of it.
  const seen = ([x]) => (plot, low, high) => {
    const { min, max } = plot.scales.x, room = (high - low || high || 1) * 0.08;
    return max - min < 0.999 * (x.at(-1) - x[0]) ? [Math.max(0, low - room), high + room] : [Math.min(0, low), high * 1.05 || 1];
  };
  const chart = (box, data, values, range) => {
    const { seconds, time, unit, label, series } = data;
    const axis = { stroke: style("--ink"), grid: { stroke: style("--grid"), width: 1 }, ticks: { stroke: style("--grid") } };
    const increments = [];
    for (let power = -6; power < 7; power++) for (const digit of [1, 2, 5]) increments.push(digit * 10 ** power * seconds);
    return new uPlot({
      width: box.clientWidth, height: Math.min(360, Math.max(240, box.clientWidth / 2)), pxAlign: false,
      scales: { x: { time: false, ...(range && { min: range[0], max: range[1] }) }, y: { range: seen(values) } },
      cursor: { drag: { x: true, y: false } },
      axes: [
        { ...axis, incrs: increments, label: `time since the rollout's start [${time}]`, labelSize: 20, values: (_, splits) => splits.map((at) => short(at / seconds)) },
        { ...axis, label: unit ? `${label} [${unit}]` : label, labelSize: 20, size: 56 },
      ],
      series: [
        { label: "time", value: (_, at) => (at == null ? "–" : `${short(at / seconds)} ${time}`) },
        ...series.map(({ name, colour }) => ({
          label: name, stroke: ink(colour), width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }),
          value: (_, value) => (value == null ? "–" : `${short(value)}${unit && `\u00a0${unit}`}`),
        })),
      ],
    }, values, box);
  };
  const zoomable = (figure, data) => {
    const image = figure.querySelector(".wide");
    const bar = document.createElement("p"), box = document.createElement("div");
    bar.className = "zoom-bar";
    box.className = "zoom";
    box.hidden = true;
    image.before(bar, box);
    let shown = null, values = null;
    const draw = (range) => {
      if (shown) shown.destroy();
      values ??= aligned(data);
      shown = chart(box, data, values, range);
    };
    const now = () => [shown.scales.x.min, shown.scales.x.max];
    const move = (centre, width) => {
      const first = values[0][0], last = values[0].at(-1), [low, high] = now();
      const wanted = Math.min((high - low) * width, last - first);
      const from = Math.max(first, Math.min(low + (high - low) * centre - wanted / 2, last - wanted));
      shown.setScale("x", { min: from, max: from + wanted });
    };
    const buttons = [
      ["+", "closer", () => move(0.5, 0.5)], ["−", "farther", () => move(0.5, 2)], ["←", "earlier", () => move(0, 1)],
      ["→", "later", () => move(1, 1)],
    ].map(([text, name, act]) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text, title: name, hidden: true });
      button.setAttribute("aria-label", name);
      button.addEventListener("click", act);
      return button;
    });
    const hint = document.createElement("span");
    Object.assign(hint, { className: "note", textContent: "Drag to look closer, double-click to see all.", hidden: true });
    const toggle = document.createElement("button");
    Object.assign(toggle, { type: "button", textContent: "Zoom" });
    toggle.setAttribute("aria-pressed", "false");
    toggle.addEventListener("click", () => {
      const on = box.hidden;
      toggle.setAttribute("aria-pressed", String(on));
      for (const part of [box, hint, ...buttons]) part.hidden = !on;
      figure.classList.toggle("zoomed", on);
      if (on && !shown) draw();
    });
    bar.append(toggle, ...buttons, hint);
    new ResizeObserver(() => {
      if (shown && !box.hidden && box.clientWidth !== shown.width) draw(now());
    }).observe(figure);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (shown) draw(now()); });
  };
  for (const figure of document.querySelectorAll("figure")) {
    const data = figure.querySelector("script.series");
    if (data) zoomable(figure, JSON.parse(data.textContent));
  }
})();
