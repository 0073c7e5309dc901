"use strict";
(() => {
  const tip = document.getElementById("tip");
  const texts = new Map();
  for (const figure of document.querySelectorAll("figure")) {
    const data = figure.querySelector('script[type="application/json"]');
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

  const scale = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400, B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12,
    KiB: 1024, MiB: 1048576, GiB: 1073741824, "bit/s": 1, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9, "Tbit/s": 1e12,
    "B/s": 8, "kB/s": 8e3, "MB/s": 8e6, "GB/s": 8e9, "MiB/s": 8388608 };
  const value = (text) => {
    const parts = [...text.replaceAll(",", "").matchAll(/(-?\d+(?:\.\d+)?)\s*([A-Za-z]+(?:\/s)?)?/g)];
    if (!parts.length || !/^[-\d]/.test(text)) return null;
    const time = /^(\d+(\.\d+)?[hms])+$/.test(text);
    return (time ? parts : parts.slice(0, 1)).reduce((sum, [, number, unit]) => sum + number * (scale[unit] ?? 1), 0);
  };
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
        const text = line.cells[place].textContent;
        return [value(text), text, line];
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
})();
