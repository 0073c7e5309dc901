// Elements, built so that no name of a scenario is ever read as markup: all text goes through text nodes.

const SVG = "http://www.w3.org/2000/svg";

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
};

// An element with attributes (`on…` are listeners, `style` an object) and children: elements or plain text.
export const h = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const $ = (id) => document.getElementById(id);

// A table that scrolls inside its own box, which the keyboard reaches.
export const scrolling = (label, table) => h("div", { class: "wide", tabindex: 0, role: "group", "aria-label": label }, table);

let ids = 0;
export const unique = (stem) => `${stem}-${++ids}`;

// Runs once it has not been asked for again for some time.
export const later = (wait, act) => {
  let timer = 0;
  const ask = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), wait);
  };
  ask.stop = () => clearTimeout(timer);
  return ask;
};
