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
})();
