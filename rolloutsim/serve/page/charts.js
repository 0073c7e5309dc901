// Pictures, each with its numbers as a table beside it: the rollout curve (uPlot), links and causes (SVG and boxes).

import { h, scrolling, svg } from "./dom.js";

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const INK = "#1f2328"; // the report's: a page exchanges it for its own
const inked = (colour) => (colour === INK ? token("--ink") : colour);
const short = (number) => String(Number(number.toPrecision(4)));
const percent = (share) => `${short(share * 100 < 10 ? Math.round(share * 1000) / 10 : Math.round(share * 100))}\u00a0%`;

// Lines of several series on one time axis; a step lasts until the next one.
const aligned = (series) => {
  const [x, ...rows] = window.uPlot.join(series.map(({ t, share }) => {
    const last = t.map((at, i) => at !== t[i + 1]); // of several steps at one moment the last one counts
    return [t.filter((_, i) => last[i]), share.filter((_, i) => last[i]).map((one) => one * 100)];
  }));
  for (const row of rows) {
    let last = null;
    for (let i = 0; i < row.length; i++) row[i] = last = row[i] ?? last;
  }
  return [x, ...rows];
};

const plot = (box, series, { seconds, time, label }, range, cursor) => {
  const font = `12px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { font, labelFont: font, stroke: token("--ink"), grid: { stroke: token("--grid"), width: 1 }, ticks: { stroke: token("--grid") } };
  const increments = [];
  for (let power = -6; power < 7; power++) for (const digit of [1, 2, 5]) increments.push(digit * 10 ** power * seconds);
  const data = aligned(series);
  const made = new window.uPlot({
    width: box.clientWidth, height: Math.min(320, Math.max(220, box.clientWidth / 2.4)), pxAlign: false, legend: { show: false },
    scales: { x: { time: false, ...(range && { min: range[0], max: range[1] }) }, y: { range: [0, 103] } },
    cursor: { drag: { x: true, y: false }, points: { size: 7 } },
    axes: [
      { ...axis, incrs: increments, label: `time since the rollout's start [${time}]`, labelSize: 20, values: (_, splits) => splits.map((at) => short(at / seconds)) },
      { ...axis, incrs: [25, 50], label, labelSize: 20, size: 48 },
    ],
    series: [
      {},
      ...series.map(({ name, colour, dash, width }) => ({
        label: name, stroke: inked(colour), width: width ?? 2, dash, points: { show: false }, paths: window.uPlot.paths.stepped({ align: 1 }),
      })),
    ],
    hooks: { setCursor: [({ cursor: { idx } }) => cursor(idx === null || idx === undefined ? null : [data[0][idx], data.slice(1).map((row) => row[idx])])] },
  }, data, box);
  return made;
};

const SHARES = [0.25, 0.5, 0.75, 0.9, 1];

const three = (number) => (number < 100 ? Number(number.toPrecision(3)).toFixed(Math.max(0, 2 - Math.floor(Math.log10(number || 1)))) : String(Math.round(number)));

// When so much of it was there: read off the curve.
const reached = ({ t, share }, wanted) => t[share.findIndex((one) => one >= wanted - 1e-9)];

const timesTable = (series, { seconds, time, of }) => h("table", {},
  h("caption", { class: "unseen" }, `Time until a share of the ${of} is ready, in ${time}`),
  h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "line"), SHARES.map((one) => h("th", { scope: "col", class: "right" }, percent(one))))),
  h("tbody", {}, series.map((one) => h("tr", {}, h("th", { scope: "row" }, one.name), SHARES.map((share) => {
    const at = reached(one, share);
    return h("td", { class: "right" }, at === undefined ? "never" : `${three(at / seconds)}\u00a0${time}`);
  })))));

// The rollout curve. `show(series, axes)`: series of {name, colour, dash, t, share}.
export const curve = (host) => {
  const box = h("div", { class: "plot", role: "img" }), legend = h("ul", { class: "legend" }), table = h("div");
  const hint = "Drag to look closer, double-click to see all.";
  const at = h("span", { class: "note" }, hint);
  const hidden = new Set();
  let made = null, shown = [], axes = null, values = [];
  host.replaceChildren(
    box, h("div", { class: "below" }, legend, at),
    h("details", {}, h("summary", {}, "As a table"), table),
  );

  const cursor = (found) => {
    at.textContent = found ? `at ${short(found[0] / axes.seconds)} ${axes.time}` : hint;
    values.forEach((value, i) => { value.textContent = found && found[1][i] !== null ? ` ${Math.round(found[1][i])} %` : ""; });
  };
  const range = () => {
    if (!made) return null;
    const { min, max } = made.scales.x, [x] = made.data;
    return max - min < 0.999 * (x.at(-1) - x[0]) ? [min, max] : null;
  };
  const draw = (kept) => {
    if (!box.clientWidth || !shown.length) return;
    made?.destroy();
    made = plot(box, shown, axes, kept, cursor);
    shown.forEach(({ name }, i) => { if (hidden.has(name)) made.setSeries(i + 1, { show: false }); });
  };
  const entry = ({ name, colour, dash }, i) => {
    const value = h("span", { class: "value" });
    values.push(value);
    const line = svg("svg", { viewBox: "0 0 24 10", width: 24, height: 10, "aria-hidden": "true" }, svg("line", {
      x1: 1, x2: 23, y1: 5, y2: 5, "stroke-width": 3, "stroke-dasharray": dash?.join(" ") ?? "none", style: { stroke: colour === INK ? "var(--ink)" : colour },
    }));
    return h("li", {}, h("button", {
      type: "button", class: "quiet", "aria-pressed": String(!hidden.has(name)),
      onclick: ({ currentTarget }) => {
        const isShown = hidden.delete(name) || !hidden.add(name);
        currentTarget.setAttribute("aria-pressed", String(isShown));
        made?.setSeries(i + 1, { show: isShown });
      },
    }, line, h("span", {}, name), value));
  };
  const legendOf = (series) => JSON.stringify(series.map(({ name, colour, dash }) => [name, colour, dash]));
  new ResizeObserver(() => { if (!made || box.clientWidth !== made.width) draw(null); }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(range()));

  return {
    show(series, given) {
      const isSame = made && legendOf(series) === legendOf(shown);
      [shown, axes] = [series, given];
      box.setAttribute("aria-label", `${given.label} over time, ${series.length} ${series.length === 1 ? "line" : "lines"}; the table below has the numbers`);
      table.replaceChildren(scrolling("Times", timesTable(series, given)));
      if (!isSame) {
        values = [];
        legend.replaceChildren(...series.map(entry));
      }
      draw(null);
    },
  };
};

// ---- links -----------------------------------------------------------------------------------------------

// A lane is an area of steps; the picture stretches, its lines do not.
const lane = ({ t, share }, end) => {
  const points = [`M0 20`];
  for (let i = 0; i < t.length; i++) {
    const y = 20 - 20 * Math.min(1, share[i]);
    points.push(`${i ? "" : `L${(t[i] / end) * 1000} 20`}V${y}H${((t[i + 1] ?? end) / end) * 1000}`);
  }
  points.push("V20Z");
  return svg("svg", { viewBox: "0 0 1000 20", preserveAspectRatio: "none", class: "lane", "aria-hidden": "true" }, svg("path", { d: points.join("") }));
};

// Some round numbers up to the end.
const ticksOf = (end) => {
  const power = 10 ** Math.floor(Math.log10(end || 1)), step = [0.2, 0.5, 1, 2, 5].map((one) => one * power).find((one) => end / one <= 5);
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
};

const SEEN = 0.005; // of a link's capacity; less is no area that anybody sees

// How full each link is over time, busiest first.
export const links = (host, found, { seconds, time, end }) => {
  if (!found.length) return host.replaceChildren(h("p", { class: "note" }, "No shared link carries anything here."));
  const busy = found.filter(({ share }, i) => i === 0 || Math.max(...share) >= SEEN), idle = found.length - busy.length;
  const rows = busy.map((link) => {
    const said = h("span", { class: "note" }, link.full);
    return h("tr", {}, h("th", { scope: "row" }, link.name), h("td", { class: "right" }, link.mean), h("td", { class: "drawn" }, lane(link, end), said));
  });
  const ticks = ticksOf(end / seconds).map((at, i, all) => h("span", { style: { left: `${(at * seconds * 100) / end}%` } }, `${short(at)}${i === all.length - 1 ? ` ${time}` : ""}`));
  return host.replaceChildren(scrolling("Links", h("table", { class: "lanes" },
    h("caption", { class: "unseen" }, "Share of each link's capacity in use: its mean, when it was full, and a picture of it over time"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "link"), h("th", { scope: "col", class: "right" }, "mean"), h("th", { scope: "col" }, "over time"))),
    h("tbody", {}, rows),
    h("tfoot", {}, h("tr", {}, h("td"), h("td"), h("td", { class: "drawn" }, h("div", { class: "ticks", "aria-hidden": "true" }, ticks)))))),
  ...(idle ? [h("p", { class: "note" }, `${idle} ${idle === 1 ? "other is" : "others are"} all but idle.`)] : []));
};

// ---- causes ----------------------------------------------------------------------------------------------

const HATCHES = { "////": "up", "\\\\": "down", "\\\\\\\\": "down close", xxxx: "cross", "++++": "plus" };

const swatch = ({ colour, hatch }) => ({
  class: `swatch ${HATCHES[hatch] ?? ""}`, style: { "background-color": colour === INK ? "var(--ink)" : colour },
});

// What the time of each case goes to: bars for the eye, a table for the numbers.
export const causes = (host, rows) => {
  const cases = new Map(), kinds = new Map();
  for (const row of rows) {
    cases.set(row.case, [...(cases.get(row.case) ?? []), row]);
    if (!kinds.has(row.cause)) kinds.set(row.cause, row);
  }
  const order = [...kinds.keys()]; // as in the legend, so that the same colours stand below each other
  for (const parts of cases.values()) parts.sort((one, other) => order.indexOf(one.cause) - order.indexOf(other.cause));
  if (!cases.size) return host.replaceChildren(h("p", { class: "note" }, "Nothing waited for anything."));
  const bars = [...cases].map(([name, parts]) => {
    return h("div", { class: "bar-row" },
      h("span", { class: "bar-name" }, name, h("span", { class: "note" }, ` ${parts[0].of}`)),
      h("div", { class: "bar" }, parts.filter(({ seconds }) => seconds > 0).map((part) => {
        const { share } = part, { class: kind, style } = swatch(part);
        const room = share >= 0.09;
        return h("span", { class: kind, style: { ...style, "flex-grow": share }, title: `${part.title}: ${part.time}, ${part.shown}` },
          room && h("span", { class: `number ${part.colour === "#0072b2" || part.colour === INK ? "on-dark" : ""}` }, part.shown));
      })));
  });
  const legend = h("ul", { class: "legend" }, [...kinds.values()].map((one) => h("li", {}, h("span", swatch(one)), one.title)));
  const table = h("table", {},
    h("caption", { class: "unseen" }, "What the time of each case goes to"),
    h("thead", {}, h("tr", {}, ["case", "cause"].map((one) => h("th", { scope: "col" }, one)), ["time", "share"].map((one) => h("th", { scope: "col", class: "right" }, one)))),
    h("tbody", {}, [...cases].flatMap(([name, parts]) => parts.map((part) => h("tr", {}, h("td", {}, name), h("td", {}, part.title), h("td", { class: "right" }, part.time), h("td", { class: "right" }, part.shown))))));
  const isOpen = host.querySelector("details")?.open ?? false;
  return host.replaceChildren(h("div", { "aria-hidden": "true" }, bars, legend), h("details", { open: isOpen }, h("summary", {}, "As a table"), scrolling("Causes", table)));
};
