// The page: a text, what the server says of it, and the pieces that show both.

import { $, h, later } from "./dom.js";
import * as server from "./server.js";
import * as answers from "./answer.js";
import { asking } from "./asking.js";
import * as charts from "./charts.js";
import { dialogs } from "./dialogs.js";
import { editor } from "./editor.js";
import { fields } from "./fields.js";
import { recall, remember } from "./memory.js";
import { pins } from "./pins.js";
import { problems } from "./problems.js";

const state = {
  file: null, saved: "", valid: "", answered: "", answer: null, diagnostics: [], label: "", colours: [], which: "", tab: "fields", ends: "\n",
};

// ---- the text, and who changes it ------------------------------------------------------------------------

const keep = () => remember({
  text: yaml.text(), editor: yaml.kept(), file: state.file, saved: state.saved, pins: variants.all(), tab: state.tab, which: state.which, ends: state.ends,
});
const keepSoon = later(300, keep);

// The editor's lines end in a line feed, whatever those of the file do.
const ends = (text) => (text.includes("\r\n") ? "\r\n" : "\n");
const plain = (text) => text.replaceAll("\r\n", "\n");
const asFile = (text) => text.replaceAll("\n", state.ends);

const isChanged = () => yaml.text() !== state.saved;

const showFile = () => {
  $("file").textContent = `${state.file ?? "not saved yet"}${isChanged() && state.file ? ", changed" : ""}`;
  document.title = `${isChanged() ? "• " : ""}${$("title").textContent} – rolloutsim`;
};

const showHistory = () => {
  $("undo").disabled = !yaml.canUndo();
  $("redo").disabled = !yaml.canRedo();
};

const askSoon = later(150, (text) => asker.ask(text));

const yaml = editor($("editor"), {
  changed(text, why) {
    if (why === "typed") askSoon(text);
    else {
      askSoon.stop();
      asker.ask(text);
    }
    if (why !== "set") state.label = "";
    if (why === "undo" || why === "redo") Object.assign(edits, { waiting: null, given: edits.given + 1 });
    showFile();
    keepSoon();
  },
  moved: () => yaml && showHistory(),
});

// One edit at a time; of those that come meanwhile the last of each key counts.
const edits = { busy: false, waiting: null, ends: false, given: 0 };
const edit = async (changes, { sliding = false, label = "" } = {}) => {
  if (edits.busy) {
    edits.waiting = { changes: { ...edits.waiting?.changes, ...changes }, sliding, label };
    return true;
  }
  let took = false;
  edits.busy = true;
  try {
    const { given } = edits; // an undo takes back what is still under way, too
    let sent, done;
    do { // what was typed meanwhile counts, too
      sent = yaml.text();
      done = await server.edit(sent, changes, state.file);
    } while (sent !== yaml.text() && given === edits.given);
    if (given !== edits.given) {
      // nothing is to be changed any more
    } else if (done.yaml !== undefined) {
      state.label = label;
      yaml.set(done.yaml, { sliding });
      took = true;
    } else refuse(changes, done.diagnostics);
  } catch (error) {
    refuse(changes, error.body?.diagnostics ?? [{ message: error.message }]);
  } finally {
    edits.busy = false;
  }
  const { waiting } = edits;
  edits.waiting = null;
  if (waiting) await edit(waiting.changes, waiting);
  else if (edits.ends) {
    edits.ends = false;
    yaml.endSlide();
  }
  return took;
};

const refuse = (changes, diagnostics) => {
  const said = diagnostics.map(({ message, help }) => (help ? `${message}; ${help}` : message)).join("\n");
  const [key] = Object.keys(changes);
  if (!form.fault(key, said)) toast(said);
  answers.say(said);
};

const form = fields($("fields"), $("find"), {
  change: (control, value, sliding) => edit({ [control.key]: value }, { sliding, label: value === null ? "" : `${control.title} ${value}` }),
  endSlide: () => {
    if (edits.busy) edits.ends = true;
    else yaml.endSlide();
  },
});

// ---- what the server says --------------------------------------------------------------------------------

const asker = asking({
  send: async ({ number, text }) => {
    showWait();
    try {
      await server.ask(number, text, state.file);
    } catch (error) {
      hear("failed", { ask: number, message: error.message });
    }
  },
  cancel: (number) => server.cancel(number).catch(() => {}),
});

const status = (text, { cancel = false, again = false, progress = null, tone = "" } = {}) => {
  $("status").hidden = !text;
  $("status").className = tone;
  $("status-text").textContent = text;
  $("cancel").hidden = !cancel;
  $("again").hidden = !again;
  $("progress").hidden = progress === null;
  if (progress !== null && progress.share !== null) $("progress").value = progress.share;
  else $("progress").removeAttribute("value");
};

// The last good answer stays, dimmed once it is felt that a new one is awaited.
const dim = (isOld) => {
  document.querySelector("main").classList.toggle("old", isOld);
  $("top").setAttribute("aria-busy", String(asker.isWaiting()));
};
const dimSoon = later(200, () => dim(true));
const showWait = () => {
  dimSoon();
  $("top").setAttribute("aria-busy", "true");
};

const seconds = (time) => (time < 10 ? time.toFixed(1) : Math.round(time).toString());

const said = {
  invalid({ diagnostics }) {
    state.diagnostics = diagnostics;
    yaml.mark(diagnostics);
    trouble.show(diagnostics, state.tab === "fields");
    yaml.keepInSight();
    form.disable(true);
    $("what-ifs").inert = true; // what would help another text
    status(state.answer ? "The answer is that of what was valid last." : "The scenario has errors.", { tone: "miss" });
    settle(true);
    answers.say(`${diagnostics.length} ${diagnostics.length === 1 ? "error" : "errors"} in the scenario: ${diagnostics[0]?.message ?? ""}`);
  },
  fields({ groups, diagnostics = [] }) {
    state.valid = asker.current().text;
    state.diagnostics = diagnostics;
    yaml.mark(diagnostics);
    trouble.show(diagnostics, state.tab === "fields");
    form.disable(false);
    $("what-ifs").inert = false;
    form.update(groups);
  },
  progress({ simulated_s: simulated, share, waits, wall_s: wall }) {
    const first = !asker.current().isLong;
    asker.long();
    const part = share === null ? "" : `: ${seconds(simulated)} s of the rollout, ${Math.round(share * 100)} % of the pulls done`;
    status(`${waits ? "Waiting for what is simulated elsewhere" : `Simulating${part}`}; ${seconds(wall)} s so far`, { cancel: true, progress: { share } });
    dim(true);
    if (first) answers.say("Simulating; Escape cancels it.");
  },
  answer(answer) {
    state.answer = answer;
    state.answered = asker.current().text;
    show(answer);
    if (!answer.final) {
      asker.long();
      dimSoon.stop();
      dim(false);
      status("That is the first of several draws; the others follow.", { cancel: true, progress: { share: null } });
      return;
    }
    status("");
    settle(false);
    const { since, number } = asker.current();
    requestAnimationFrame(() => {
      performance.measure("change to answer", { start: since, end: performance.now(), detail: number });
      $("answer").dataset.ask = String(number);
    });
  },
  what_ifs(found) {
    answers.whatIfs($("what-ifs"), found, apply);
    if (found.done) asker.finish();
  },
  failed({ message }) {
    status(message, { tone: "miss", again: true });
    settle(true);
    answers.say(message);
  },
  cancelled() {
    status("Cancelled. The answer is that of the last simulation that ended.", { again: true });
    settle(true);
    answers.say("Cancelled.");
  },
};

const settle = (isOld) => {
  dimSoon.stop();
  if (asker.current().isSettled) return;
  if (isOld) asker.finish(); // nothing about what would help follows
  asker.settle();
  if (!asker.isWaiting()) dim(isOld);
};

const hear = (name, event) => {
  if (asker.isNews(event)) said[name](event);
};

// ---- the answer ------------------------------------------------------------------------------------------

const rollout = charts.curve($("curve"));

const showCurve = () => {
  const { curve } = state.answer;
  const names = [...new Set([state.answer, ...variants.all().map((pin) => pin.answer)].flatMap((one) => one.curve.cases.map((each) => each.case)))];
  $("which").hidden = names.length < 2;
  if (!names.includes(state.which) && state.which !== "") state.which = "";
  $("case").replaceChildren(h("option", { value: "" }, "all"), ...names.map((name) => h("option", { value: name }, name)));
  $("case").value = state.which;
  rollout.show(variants.lines(state.answer, state.which, state.colours), {
    seconds: curve.seconds, time: curve.time, of: curve.of, label: `share of ${curve.of} ready [%]`,
  });
};

const show = (answer) => {
  $("title").textContent = answer.title;
  showFile();
  answers.headline($("verdict"), answer);
  answers.thresholds($("targets"), answer.thresholds);
  answers.cases($("cases"), answer.columns, answer.cases);
  answers.sentences($("notes"), answer.notes);
  answers.findings($("findings"), $("findings-card"), answer.findings);
  answers.tables($("tables"), answer.tables);
  charts.links($("links"), answer.utilisation.links, answer.utilisation);
  $("links-of").textContent = answer.cases.length > 1 ? answer.utilisation.case : "";
  charts.causes($("causes"), answer.causes);
  answers.whatIfs($("what-ifs"), { rows: [], done: false, note: "" }, apply);
  $("answer").hidden = false;
  variants.show(answer);
  showCurve();
};

const apply = async ({ label, changes }) => {
  const took = await edit(changes, { label });
  $("what-ifs-head").focus();
  if (took) toast(`Applied: ${label}. Undo takes it back.`);
};

const variants = pins($("variants"), {
  restore(pin) {
    state.label = pin.name;
    yaml.set(pin.text);
    toast(`Back to ${pin.name}. Undo takes it back.`);
  },
  changed() {
    // Pinned: of all cases at once nobody can compare variants, so the slowest is shown first.
    if (variants.all().length === 1 && state.which === "" && state.answer.cases.length > 1) state.which = state.answer.slowest;
    showCurve();
    keepSoon();
  },
  full: (message) => toast(message),
});

// A pin is a text with the answer to it.
const pin = () => {
  if (!state.answer || asker.isWaiting()) toast("The answer is still to come; it can be pinned when it is there.");
  else if (state.answered !== state.valid) toast("What is shown answers an earlier scenario: run this one (Run again), and pin it then.");
  else variants.add(state.label || (state.valid === state.saved && state.file ? `as in ${state.file}` : ""), state.valid, state.file);
};

const trouble = problems($("problems"), {
  goTo(line, column) {
    choose("yaml");
    yaml.goTo(line, column);
  },
  back: { isThere: () => Boolean(state.valid), go: () => yaml.set(state.valid) },
});

let toasting = 0;
const toast = (text) => {
  $("toast").textContent = text;
  $("toast").hidden = false;
  clearTimeout(toasting);
  toasting = setTimeout(() => { $("toast").hidden = true; }, 6000);
};

// ---- tabs, buttons, keys ---------------------------------------------------------------------------------

const TABS = ["fields", "yaml"];

const choose = (name, { focus = false } = {}) => {
  state.tab = name;
  for (const one of TABS) {
    const tab = $(`tab-${one}`), isChosen = one === name;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    $(`panel-${one}`).hidden = !isChosen;
    if (isChosen && focus) tab.focus();
  }
  if (name === "yaml") yaml.measure();
  trouble.show(state.diagnostics, name === "fields");
  keepSoon();
};

const begin = async () => {
  const opened = server.listen({
    on: hear,
    lost: (message) => status(message, { tone: "miss" }),
    back: () => asker.again(),
    isIdle: () => asker.isIdle(),
  });
  const started = await server.start();
  state.colours = started.colours;
  const kept = recall();
  Object.assign(state, { file: kept.file ?? started.file, saved: kept.saved ?? plain(started.yaml), which: kept.which ?? "", ends: kept.ends ?? ends(started.yaml) });
  yaml.load(kept.text ?? started.yaml, kept.editor);
  variants.set(kept.pins ?? []);
  choose(kept.tab ?? "fields");
  showFile();
  await opened;
  asker.ask(yaml.text());

  const files = dialogs({
    started, text: () => asFile(yaml.text()), file: () => state.file, was: () => asFile(state.saved), isChanged,
    variants: () => variants.every(state.answered, state.file).map(([name, text, file]) => [name, asFile(text), file]),
    loaded(text, file) {
      Object.assign(state, { file, saved: plain(text), ends: ends(text), valid: "", label: "", which: "" });
      yaml.load(plain(text));
      showFile();
      keepSoon();
      asker.ask(yaml.text());
    },
    saved(file) {
      Object.assign(state, { file, saved: yaml.text() });
      showFile();
      keepSoon();
      toast(`Saved ${file}.`);
      answers.say(`Saved ${file}.`);
    },
    wrote(file) {
      toast(`Wrote ${file}.`);
      answers.say(`Wrote ${file}.`);
    },
  });

  const click = (id, act) => $(id).addEventListener("click", act);
  for (const name of TABS) click(`tab-${name}`, () => choose(name));
  document.querySelector("[role=tablist]").addEventListener("keydown", ({ key }) => {
    if (key === "ArrowLeft" || key === "ArrowRight") choose(TABS[1 - TABS.indexOf(state.tab)], { focus: true });
  });
  click("undo", () => yaml.undo());
  click("redo", () => yaml.redo());
  click("open", files.open);
  click("save", files.save);
  click("save-as", files.saveAs);
  click("report", files.report);
  click("show-keys", files.keys);
  click("pin", pin);
  click("save-variants", files.variants);
  click("cancel", () => asker.cancel());
  click("again", () => asker.again());
  $("case").addEventListener("change", ({ target }) => {
    state.which = target.value;
    showCurve();
    keepSoon();
  });
  addEventListener("pagehide", () => {
    keep();
    asker.cancel(); // nobody is there to read it
  });

  const keys = {
    z: () => yaml.undo(), Z: () => yaml.redo(), y: () => yaml.redo(), s: files.save, o: files.open, b: pin,
    e: () => choose(TABS[1 - TABS.indexOf(state.tab)], { focus: true }),
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && asker.isWaiting()) asker.cancel();
    else if (event.key === "F1") files.keys();
    else if ((event.ctrlKey || event.metaKey) && !event.altKey && keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  });
};

begin().catch((error) => status(error.message, { tone: "miss" }));
