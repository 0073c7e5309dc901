// What asks for a name or a choice: open, save, write a report; and the keys.

import { $, h } from "./dom.js";
import * as server from "./server.js";

const shown = (dialog) => {
  if (!dialog.open) dialog.showModal();
};

const complain = (dialog, message) => {
  const place = dialog.querySelector(".error");
  place.textContent = message;
  place.hidden = !message;
};

// A name for a file, asked until the server takes it or the person gives up; then the file's name is handed on.
const naming = (id, { title, note, label }, act) => {
  const name = h("input", { id: `${id}-name`, type: "text", required: true, spellcheck: "false", autocomplete: "off" });
  const go = h("button", { type: "submit", class: "main" }, label);
  const form = h("form", { method: "dialog" },
    h("h2", { id: `${id}-head` }, title),
    note && h("p", { class: "note" }, note),
    h("label", { for: name.id }, "File in this folder"),
    name,
    h("p", { class: "error", role: "alert", hidden: true }),
    h("p", { class: "actions" }, h("button", { type: "button", class: "close" }, "Cancel"), go));
  const dialog = $(id);
  dialog.append(form);
  let taken = "";
  const calm = () => {
    taken = "";
    go.textContent = label;
    complain(dialog, "");
  };
  const refused = (file, error) => {
    complain(dialog, error.message);
    if (error.status !== 409) return;
    taken = file;
    go.textContent = "Replace it";
  };
  name.addEventListener("input", calm);
  let asked = null; // what is under way ends with the dialog
  dialog.addEventListener("close", () => asked?.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const file = name.value.trim();
    go.disabled = true;
    asked = new AbortController();
    try {
      await act(file, taken === file, asked.signal);
      dialog.close();
    } catch (error) {
      if (error.name !== "AbortError") refused(file, error);
    } finally {
      go.disabled = false;
    }
  });
  return (proposed, error = null) => {
    calm();
    name.value = proposed;
    if (error) refused(proposed, error);
    shown(dialog);
    name.select();
  };
};

const choices = (title, entries, choose) => entries.length > 0 && h("section", {},
  h("h3", {}, title),
  h("ul", {}, entries.map(({ text, note, given }) => h("li", {}, h("button", { type: "button", onclick: () => choose(given) }, text), note && h("span", { class: "note" }, note)))));

// `started` is what the server said at the beginning; the page's own state is asked for when it is needed.
export const dialogs = ({ started, text, file, was, variants, isChanged, loaded, saved, wrote }) => {
  const opening = $("opening");
  const choose = async (given) => {
    try {
      const { yaml } = await server.open(given);
      opening.close();
      loaded(yaml, given.file ?? null);
    } catch (error) {
      complain(opening, error.message);
    }
  };
  const open = async () => {
    let { files } = started;
    try {
      ({ files } = await server.start()); // there may be new ones
    } catch {
      // what was there at the beginning will do
    }
    complain(opening, "");
    $("opening-note").hidden = !isChanged();
    $("choices").replaceChildren(...[
      choices("In this folder", files.map((name) => ({ text: name, given: { file: name } })), choose),
      choices("Templates", started.templates.map(({ name, title }) => ({ text: name, note: title, given: { template: name } })), choose),
    ].filter(Boolean));
    shown(opening);
  };

  const saveAs = naming("saving", { title: "Save as YAML", label: "Save" }, async (name, force) => {
    const done = await server.save(text(), name, force, name === file() ? was() : null);
    saved(done.file ?? name);
  });
  const save = async () => {
    if (!file()) return saveAs("scenario.yaml");
    try {
      const done = await server.save(text(), file(), false, was());
      return saved(done.file ?? file());
    } catch (error) {
      return saveAs(file(), error);
    }
  };
  const saveVariants = naming("besides", {
    title: "Save the variants as one scenario",
    note: ["The first one's text, with what differs in the others below ", h("code", {}, "variants"), ". ", h("code", {}, "rolloutsim run"), " sets them side by side, and so does its report."],
    label: "Save",
  }, async (name, force, signal) => {
    const { yaml } = await server.besides(variants(), name, signal);
    signal.throwIfAborted();
    const done = await server.save(yaml, name, force, null);
    wrote(done.file ?? name);
  });
  const write = naming("writing", {
    title: "Write the report",
    note: ["One HTML file with all tables and figures, as ", h("code", {}, "rolloutsim report"), " writes it."],
    label: "Write",
  }, async (name, force, signal) => {
    const done = await server.report(text(), file(), name, force, signal);
    wrote(done.file ?? name);
  });

  for (const dialog of document.querySelectorAll("dialog")) {
    for (const button of dialog.querySelectorAll(".close")) button.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }

  return {
    open,
    save,
    saveAs: () => saveAs(file() ?? "scenario.yaml"),
    variants: () => {
      const [[, , first]] = variants();
      saveVariants(`${(first ?? "").replace(/[^/]*$/, "")}variants.yaml`); // beside what it may name
    },
    report: () => write(`${(file() ?? "scenario.yaml").replace(/\.ya?ml$/, "")}.html`),
    keys: () => shown($("keys")),
  };
};
