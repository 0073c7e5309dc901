// The scenario's text: CodeMirror holds it, and its history is the page's only one; sliders and buttons edit it, too.

import * as cm from "./vendor/codemirror.js";
import { h } from "./dom.js";
import * as server from "./server.js";

// Highest first: contrasts of at least 4.5 on the paper of both schemes, from the report's own colours.
const COLOURS = cm.HighlightStyle.define([
  { tag: [cm.tags.propertyName, cm.tags.definition(cm.tags.propertyName)], color: "var(--link)" },
  { tag: cm.tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: [cm.tags.string, cm.tags.content], color: "var(--ink)" },
  { tag: [cm.tags.separator, cm.tags.squareBracket, cm.tags.brace, cm.tags.punctuation], color: "var(--muted)" },
]);

const THEME = cm.EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--paper)", fontSize: "0.8125rem", height: "100%" },
  "&.cm-focused": { outline: "2px solid var(--link)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, \"DejaVu Sans Mono\", monospace", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.5rem 0" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--muted)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--link) 7%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--link) 25%, transparent)",
  },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--lit) 35%, transparent)" },
  ".cm-tooltip": {
    backgroundColor: "var(--paper)", color: "var(--ink)", border: "1px solid var(--grid)", borderRadius: "6px",
    boxShadow: "0 2px 8px #0004", maxWidth: "min(30rem, 85vw)", fontFamily: "system-ui, sans-serif", fontSize: "0.8rem",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "inherit", maxHeight: "14rem" },
  ".cm-tooltip-autocomplete > ul > li": { padding: "0.15rem 0.5rem" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--link)", color: "var(--paper)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  ".cm-completionInfo": { padding: "0.4rem 0.6rem", whiteSpace: "pre-line" },
  ".cm-diagnostic": { padding: "0.3rem 0.6rem", borderLeftWidth: "4px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--miss)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-lintRange-error": { background: "none", textDecoration: "underline wavy var(--miss)", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { background: "none", textDecoration: "underline wavy var(--warn)", textUnderlineOffset: "3px" },
  ".cm-lintRange-active": { backgroundColor: "color-mix(in srgb, var(--lit) 35%, transparent)" },
  ".cm-lintPoint::after": { borderBottomColor: "var(--miss)" },
  ".cm-panels": { backgroundColor: "var(--page)", color: "var(--ink)", borderColor: "var(--grid)" },
  ".cm-panels input, .cm-panels button": { font: "inherit", color: "inherit", background: "var(--paper)", border: "1px solid var(--grid)" },
  ".cm-textfield, .cm-button": { backgroundImage: "none" },
  ".cm-foldPlaceholder": { background: "var(--page)", borderColor: "var(--grid)", color: "var(--muted)" },
  ".hover": { padding: "0.4rem 0.6rem" },
  ".hover p": { margin: "0 0 0.3rem" },
  ".hover p:last-child": { margin: 0 },
  ".hover .note": { color: "var(--muted)" },
});

const PAUSE = 700; // [ms] after which what is typed is undone on its own

// What a key is and where its default comes from, as `rolloutsim explain` says it.
export const explained = ({ text, unit, default: value, source }) => [
  h("p", {}, text),
  unit && h("p", { class: "note" }, `Unit: ${unit}`),
  value && h("p", { class: "note" }, `Default: ${value}`),
  source && h("p", { class: "note" }, `Source: ${source}`),
];

const position = (doc, line, column) => {
  const { from, to } = doc.line(Math.max(1, Math.min(line, doc.lines)));
  return Math.min(to, from + Math.max(0, column - 1));
};

// As ranges of the document; one of no width marks what stands there, or the end of the line before it.
const located = (doc, { line, column, end_column: end, severity, message, help }) => {
  const from = position(doc, line, column);
  let to = Math.max(from, position(doc, line, end ?? column + 1));
  let start = from;
  if (start === to && start > doc.lineAt(start).from) start -= 1;
  return { from: start, to, severity: severity === "warning" ? "warning" : "error", message: help ? `${message}\n${help}` : message };
};

// The dotted path of the key at a place, with names that are no plain words quoted as `--set` has them.
const pathAt = (state, at) => {
  const names = [];
  let node = cm.syntaxTree(state).resolveInner(at, 1), first = null;
  for (; node; node = node.parent) {
    if (node.name === "Key" && !first) first = node;
    if (node.name !== "Pair") continue;
    const key = node.getChild("Key");
    if (!key) continue;
    const name = state.sliceDoc(key.from, key.to).replace(/^(["'])(.*)\1$/, "$2");
    names.unshift(/^[\w-]+$/.test(name) ? name : `["${name}"]`);
  }
  return first && { key: names.join(".").replaceAll(".[", "["), from: first.from, to: first.to };
};

const completions = async (context) => {
  const word = context.matchBefore(/[\w.%:/-]+/);
  if (!word && !context.explicit) return null;
  const line = context.state.doc.lineAt(context.pos);
  const stop = new AbortController();
  context.addEventListener("abort", () => stop.abort());
  let found;
  try {
    found = await server.complete(context.state.doc.toString(), line.number, context.pos - line.from + 1, stop.signal);
  } catch {
    return null; // to go on typing is the answer
  }
  if (!found.options?.length) return null;
  return {
    from: line.from + found.from - 1,
    options: found.options.map(({ label, detail, info, apply, type }) => ({
      label, detail: detail ?? undefined, info: info || undefined, apply: apply ?? undefined, type: type === "key" ? "property" : "constant",
    })),
    validFor: /^[\w.%-]*$/,
  };
};

const hover = async (view, at) => {
  const found = pathAt(view.state, at);
  if (!found) return null;
  let said;
  try {
    said = await server.explain(found.key);
  } catch {
    return null;
  }
  const create = () => ({ dom: h("div", { class: "hover" }, ...explained(said)) });
  return { pos: found.from, end: found.to, above: true, create };
};

// `changed(text, why)` is told of each change: "typed", "undo", "redo", or "set" by another part of the page.
export const editor = (host, { changed, moved }) => {
  const root = host.attachShadow({ mode: "open" });
  let why = "", isInSlide = false, last = 0;
  const joins = (change, near) => isInSlide || (near && change.annotation(cm.Transaction.time) - last < PAUSE);
  // A shadow root takes constructed style sheets, which need no exception from the page's content policy.
  const extensions = [
    cm.lineNumbers(), cm.lintGutter(), cm.history({ newGroupDelay: 1e9, joinToEvent: joins }),
    cm.drawSelection(), cm.indentUnit.of("  "), cm.EditorState.tabSize.of(2), cm.bracketMatching(), cm.closeBrackets(),
    cm.highlightActiveLine(), cm.highlightSelectionMatches(), cm.syntaxHighlighting(COLOURS), cm.yaml(), THEME,
    cm.autocompletion({ override: [completions], icons: false }), cm.hoverTooltip(hover, { hoverTime: 400 }), cm.EditorView.lineWrapping,
    cm.keymap.of([
      { key: "Tab", run: cm.acceptCompletion }, // it leaves the editor otherwise, as everywhere on the page
      ...cm.closeBracketsKeymap, ...cm.completionKeymap, ...cm.lintKeymap, ...cm.searchKeymap, ...cm.historyKeymap,
      ...cm.foldKeymap, ...cm.defaultKeymap,
    ]),
    cm.EditorView.contentAttributes.of({ "aria-label": "Scenario as YAML", spellcheck: "false", tabindex: "0" }),
    cm.EditorView.updateListener.of((update) => {
      if (update.docChanged) {
        const event = update.transactions.map((one) => one.annotation(cm.Transaction.userEvent)).find(Boolean) ?? "";
        last = Date.now();
        changed(update.state.doc.toString(), why || (event === "undo" || event === "redo" ? event : "typed"));
      }
      if (update.docChanged || update.transactions.length) moved();
    }),
  ];
  const view = new cm.EditorView({ root, parent: root, state: cm.EditorState.create({ extensions }) });

  const replaced = (text) => {
    const now = view.state.doc.toString();
    let from = 0, end = 0;
    const most = Math.min(now.length, text.length);
    while (from < most && now[from] === text[from]) from++;
    while (end < most - from && now[now.length - 1 - end] === text[text.length - 1 - end]) end++;
    return { from, to: now.length - end, insert: text.slice(from, text.length - end) };
  };

  return {
    text: () => view.state.doc.toString(),
    // All edits of one slide are undone together.
    set(text, { sliding = false } = {}) {
      if (text === this.text()) return;
      const alone = sliding ? (isInSlide ? [] : [cm.isolateHistory.of("before")]) : [cm.isolateHistory.of("full")];
      why = "set";
      view.dispatch({ changes: replaced(text), annotations: alone });
      why = "";
      isInSlide = sliding;
    },
    // Another scenario: what was undone before belongs to the one before.
    load(text, kept) {
      const { selection } = cm.EditorState.create({ doc: text });
      let state = cm.EditorState.create({ doc: text, selection, extensions });
      if (kept) {
        try {
          state = cm.EditorState.fromJSON(kept, { extensions }, { history: cm.historyField });
        } catch {
          // of another version of the page: the text alone is kept
        }
      }
      view.setState(state);
      moved();
    },
    kept: () => view.state.toJSON({ history: cm.historyField }),
    endSlide() {
      isInSlide = false;
      view.dispatch({ annotations: cm.isolateHistory.of("full") });
    },
    undo: () => cm.undo(view),
    redo: () => cm.redo(view),
    canUndo: () => cm.undoDepth(view.state) > 0,
    canRedo: () => cm.redoDepth(view.state) > 0,
    focus: () => view.focus(),
    measure: () => view.requestMeasure(),
    // Those without a place stand in the list of problems only.
    mark: (diagnostics) => view.dispatch(cm.setDiagnostics(
      view.state, diagnostics.filter(({ line }) => line).map((one) => located(view.state.doc, one)),
    )),
    // The list of problems takes room from the editor; what is written at stays in sight.
    keepInSight() {
      if (view.hasFocus) view.dispatch({ effects: cm.EditorView.scrollIntoView(view.state.selection.main.head, { y: "nearest", yMargin: 30 }) });
    },
    goTo(line, column) {
      const at = position(view.state.doc, line, column);
      view.dispatch({ selection: { anchor: at }, effects: cm.EditorView.scrollIntoView(at, { y: "center" }) });
      view.focus();
    },
  };
};
