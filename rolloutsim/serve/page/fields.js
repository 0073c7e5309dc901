// The scenario as fields, made from what the server says of its keys. A field never holds a value of its own: what it
// changes is the text, and what it shows comes from the text.

import { h, unique } from "./dom.js";

const about = (control) => {
  const { key, help, units, source, usual } = control;
  return [
    h("p", {}, h("code", {}, key)),
    help && h("p", {}, help),
    units && h("p", {}, `Units: ${units}`),
    usual && h("p", {}, `Default: ${usual}`),
    source && h("p", {}, `Source of the default: ${source}`),
  ].filter(Boolean);
};

class Field {
  constructor(control, { change, endSlide }) {
    this.change = change;
    this.endSlide = endSlide;
    const id = unique("field"), aboutId = `${id}-about`, errorId = `${id}-error`;
    this.error = h("p", { class: "error", id: errorId, hidden: true });
    this.about = h("div", { class: "about", id: aboutId, hidden: true });
    this.badge = h("span", { class: "badge" });
    this.reset = h("button", { type: "button", class: "quiet", onclick: () => this.send(null) }, "reset");
    this.input = this.entry(control, id, errorId);
    const ask = h("button", {
      type: "button", class: "quiet ask", "aria-expanded": "false", "aria-controls": aboutId, "aria-label": `About ${control.title}`,
      onclick: () => {
        this.about.hidden = !this.about.hidden;
        ask.setAttribute("aria-expanded", String(!this.about.hidden));
        if (!this.about.hidden) this.about.replaceChildren(...about(this.control));
      },
    }, "?");
    this.slider = control.slider && this.range(control, id);
    this.element = h("div", { class: `field ${control.kind}`, "data-key": control.key },
      h("div", { class: "line" }, h("label", { for: id }, control.title), this.badge, this.reset, ask),
      h("div", { class: "entry" }, this.slider, this.input),
      this.error, this.about);
    this.update(control);
  }

  entry(control, id, errorId) {
    const common = { id, "aria-describedby": errorId, onchange: () => this.send(this.read()) };
    if (control.kind === "switch") return h("input", { ...common, type: "checkbox", role: "switch" });
    if (control.kind === "choice") return h("select", common);
    return h("input", {
      ...common, type: "text", autocomplete: "off", spellcheck: "false", inputmode: control.kind === "integer" ? "numeric" : undefined,
      onkeydown: (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        this.show(this.control);
        this.fault("");
      },
    });
  }

  range(control, id) {
    return h("input", {
      type: "range", min: 0, step: 1, "aria-label": `${control.title}, slider`, "data-of": id,
      oninput: () => {
        const text = this.steps[Number(this.slider.value)];
        this.slider.setAttribute("aria-valuetext", text);
        this.input.value = text;
        this.send(text, true);
      },
      onchange: () => this.endSlide(),
    });
  }

  read() {
    return this.control.kind === "switch" ? String(this.input.checked) : this.input.value.trim();
  }

  send(value, sliding = false) {
    if (value === "" && this.control.needed) {
      this.show(this.control);
      this.fault(`${this.control.title} needs a value; what has it can be taken away on the YAML tab`);
      return;
    }
    this.fault("");
    this.change(this.control, value === "" ? null : value, sliding);
  }

  fault(message) {
    this.error.hidden = !message;
    this.error.textContent = message;
    if (message) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
  }

  show(control) {
    const { kind, value, choices, usual } = control;
    if (kind === "switch") {
      this.input.checked = value === "true";
      return;
    }
    if (kind === "choice") this.input.replaceChildren(...[...new Set([...choices, value])].map((one) => h("option", { value: one }, one || usual)));
    else this.input.placeholder = value ? "" : usual;
    this.input.value = value;
  }

  // The server's steps lie around the value. As long as it is one of those that the slider has, they stay, so that the
  // thumb does; who comes to an end of them gets the next ones.
  scale({ steps, at }, value) {
    const place = this.steps?.indexOf(value) ?? -1;
    if (place <= 0 || place === this.steps.length - 1) this.steps = steps;
    this.slider.max = String(this.steps.length - 1);
    this.slider.value = String(this.steps === steps ? at : place);
    this.slider.setAttribute("aria-valuetext", value);
  }

  // What is being changed right now is left alone.
  update(control, isSliding = false) {
    this.control = control;
    const active = document.activeElement;
    if (isSliding) return; // the slider and its text are ahead of the answer
    if (active !== this.input || control.kind === "switch" || control.kind === "choice" || !this.isEdited()) this.show(control);
    if (this.slider) this.scale(control.slider, control.value);
    this.badge.textContent = control.default ? "default" : "";
    this.reset.hidden = control.default || control.needed;
    const leaves = control.usual && control.usual !== "none";
    this.reset.textContent = leaves ? "reset" : "clear";
    this.reset.setAttribute("aria-label", leaves ? `Back to the default of ${control.title}` : `Leave ${control.title} out`);
    this.element.classList.toggle("is-default", Boolean(control.default));
    this.last = this.input.value;
    if (!this.about.hidden) this.about.replaceChildren(...about(control));
  }

  isEdited() {
    return this.input.value !== this.last;
  }
}

const shape = (groups) => JSON.stringify(groups.map(({ title, controls }) => [
  title, controls.map(({ key, title: name, kind, choices, slider }) => [key, name, kind, choices ?? [], Boolean(slider)]),
]));

export const fields = (host, find, { change, endSlide }) => {
  let made = new Map(), was = "", sliding = null, folded = new Map();

  const build = (groups) => {
    const active = document.activeElement, at = active?.closest(".field")?.dataset.key;
    const part = at && [...active.closest(".field").querySelectorAll("input, select, button")].indexOf(active);
    for (const one of host.querySelectorAll("details")) folded.set(one.dataset.group, one.open);
    made = new Map();
    const few = matchMedia("(min-width: 60rem)").matches ? groups.length : 2; // on a phone the answer is not to be far
    host.replaceChildren(...groups.map(({ title, controls, folded: isFolded }, place) => {
      const entries = controls.map((control) => {
        const field = new Field(control, {
          change: (which, value, isSliding) => {
            sliding = isSliding ? which.key : null;
            change(which, value, isSliding);
          },
          endSlide: () => {
            sliding = null;
            endSlide();
          },
        });
        made.set(control.key, field);
        return field.element;
      });
      return h("details", { "data-group": title, open: folded.get(title) ?? (!isFolded && place < few) }, h("summary", {}, title), h("div", { class: "entries" }, entries));
    }));
    if (at && made.has(at)) made.get(at).element.querySelectorAll("input, select, button")[part]?.focus();
  };

  // Only what is looked for, wherever it is folded.
  const filter = () => {
    const wanted = find.value.trim().toLowerCase();
    for (const group of host.querySelectorAll("details")) {
      const inTitle = group.dataset.group.toLowerCase().includes(wanted);
      let found = 0;
      for (const one of group.querySelectorAll(".field")) {
        one.hidden = !inTitle && !`${one.dataset.key} ${one.querySelector("label").textContent}`.toLowerCase().includes(wanted);
        found += one.hidden ? 0 : 1;
      }
      group.hidden = !found;
      if (wanted && !inTitle && found) group.open = true;
    }
    nothing.hidden = !wanted || [...host.querySelectorAll("details")].some((group) => !group.hidden);
  };
  find.addEventListener("input", filter);
  const nothing = h("p", { class: "note", role: "status", hidden: true }, "No field is called that; the YAML tab takes every key.");
  find.after(nothing);

  return {
    update(groups) {
      const now = shape(groups);
      if (now !== was) build(groups);
      else for (const { controls } of groups) for (const control of controls) made.get(control.key).update(control, control.key === sliding);
      was = now;
      filter();
    },
    fault: (key, message) => made.get(key)?.fault(message),
    disable: (isOff) => host.toggleAttribute("disabled", isOff),
  };
};
