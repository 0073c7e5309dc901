// What is wrong with the text, as a list beside the marks in the editor.

import { h } from "./dom.js";

export const problems = (host, { goTo, back }) => ({
  show(diagnostics, isFieldsShown) {
    const wrong = diagnostics.filter(({ severity }) => severity !== "warning");
    host.hidden = !diagnostics.length;
    host.className = wrong.length ? "miss" : "warn";
    const count = wrong.length ? `${wrong.length} ${wrong.length === 1 ? "error" : "errors"} in the scenario` : `${diagnostics.length} ${diagnostics.length === 1 ? "warning" : "warnings"}`;
    host.replaceChildren(
      h("p", {}, h("strong", { class: "word" }, `${count}.`), wrong.length > 0 && isFieldsShown && h("span", {}, "The fields show what was valid last."),
        wrong.length > 0 && back.isThere() && h("button", { type: "button", onclick: back.go }, "Back to what was valid")),
      h("ul", {}, diagnostics.map(({ line, column, message, help }) => h("li", {},
        line && h("button", { type: "button", class: "quiet place", onclick: () => goTo(line, column ?? 1), "aria-label": `Go to line ${line}, column ${column ?? 1}` }, `${line}:${column ?? 1}`),
        h("span", {}, help && h("strong", {}, `${help} `), message)))),
    );
  },
});
