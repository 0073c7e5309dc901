// The answer: the sentence, the targets, the tables. All numbers come as the texts that `run` and the report show.

import { $, h, later, scrolling } from "./dom.js";

const head = (columns) => h("thead", {}, h("tr", {}, columns.map(({ title, align, isUnseen }) => h("th", { scope: "col", class: align === "right" ? "right" : null }, isUnseen ? h("span", { class: "unseen" }, title) : title))));

export const table = (caption, columns, rows) => h("table", {}, h("caption", { class: "unseen" }, caption), head(columns), h("tbody", {}, rows));

// Politely, and once things have come to rest: who slides hears the last answer, not each of them.
const announce = later(500, (text) => { $("announce").textContent = text; });
export const say = (text) => announce(text);

const STATES = ["pass", "miss", "warn"];

const SIGNS = { pass: "✓", miss: "✗", warn: "!" };
const NAMES = { pass: "met", miss: "missed", warn: "missed, a warning" };

export const headline = (host, { headline: text, state, word }) => {
  host.classList.remove(...STATES);
  if (state) host.classList.add(state);
  host.replaceChildren(
    h("p", { class: "word" }, state && h("span", { "aria-hidden": "true" }, `${SIGNS[state]} `), word),
    h("p", { class: "answer" }, text),
  );
  say(`${word}. ${text}`);
};

export const thresholds = (host, rows) => {
  if (!rows.length) return host.replaceChildren(h("p", { class: "note" }, "The scenario sets no target."));
  const columns = [{ title: "target" }, { title: "limit" }, { title: "value", align: "right" }, { title: "headroom", align: "right" }];
  return host.replaceChildren(scrolling("Targets", table("Targets", columns, rows.map((row) => {
    const { state, what, target, value, headroom } = row;
    return h("tr", { class: state },
      h("td", {}, h("span", { "aria-hidden": "true" }, `${SIGNS[state]} `), h("span", { class: "unseen" }, `${NAMES[state]}: `), what),
      h("td", {}, target), h("td", { class: "right" }, value), h("td", { class: "right" }, headroom));
  }))));
};

export const cases = (host, columns, rows) => host.replaceChildren(scrolling("Cases", table("Cases", columns, rows.map((row) => h("tr", {},
  columns.map(({ key, align }, i) => h(i ? "td" : "th", { scope: i ? null : "row", class: align === "right" ? "right" : null }, row[key] ?? "")))))));

export const sentences = (host, texts) => {
  host.replaceChildren(...texts.map((text) => h("p", {}, text)));
};

const facts = (entries) => h("dl", { class: "facts" }, entries.map(({ topic, text }) => h("div", {}, h("dt", {}, topic), h("dd", {}, text))));

export const findings = (host, card, entries) => {
  card.hidden = !entries.length;
  host.replaceChildren(facts(entries));
};

// What else `run` shows, a card a table.
export const tables = (host, found) => host.replaceChildren(...found.map(({ title, columns, rows }) => h("section", { class: "card", "aria-label": title },
  h("h2", {}, title), scrolling(title, table(title, columns, rows.map((cells) => h("tr", {}, cells.map((cell, i) => h("td", { class: columns[i].align === "right" ? "right" : null }, cell)))))))));

// What would help, each with a button that does it. `apply(row)` is given the row.
export const whatIfs = (host, { rows, done, note, judged, slower, without_effect: idle = [], facts: told = [] }, apply) => {
  const working = !done && h("p", { class: "note working" }, rows.length ? "Trying more changes …" : "Trying changes …");
  const columns = [{ title: "change" }, { title: "before", align: "right" }, { title: "after", align: "right" }, { title: "targets", isUnseen: true }, { title: "apply", isUnseen: true }];
  const lines = rows.map((row) => h("tr", {},
    h("td", {}, row.label),
    h("td", { class: "right" }, row.before), h("td", { class: "right" }, row.after),
    h("td", { class: row.verdict === "met" ? "pass good" : row.verdict === "missed" ? "note" : "" }, row.verdict),
    h("td", {}, h("button", { type: "button", onclick: () => apply(row), "aria-label": `Apply: ${row.label}` }, "Apply"))));
  host.replaceChildren(...[
    rows.length && scrolling("What would help", table("What would help, each simulated", columns, lines)),
    done && !rows.length && !note && !idle.length && h("p", { class: "note" }, "Nothing that was tried makes a difference."),
    judged && rows.length > 0 && h("p", { class: "note" }, `Before and after: ${judged}.`),
    ...idle.map(({ words, subjects }) => h("p", { class: "note" }, `${words}: ${subjects.join(", ")}.`)),
    slower && h("p", { class: "note" }, `${slower}.`),
    working, note && h("p", { class: "note" }, note),
    told.length > 0 && facts(told),
  ].filter(Boolean));
};
