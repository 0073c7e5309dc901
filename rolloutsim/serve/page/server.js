// What goes to the server and comes from it. Every address is relative: the page's own, with its token.

// New at each load: a copy of a tab has a copy of its memory, and must not be taken for the same one.
const TAB = crypto.randomUUID();

const EVENTS = ["invalid", "fields", "progress", "answer", "what_ifs", "failed", "cancelled"];

export class Refused extends Error {
  constructor(status, body) {
    super(body.message ?? `The server answered with ${status}.`);
    Object.assign(this, { status, body });
  }
}

const NOT_THERE = "The server does not answer. Is `rolloutsim serve` still running? Your text stays here.";

const call = async (path, options = {}) => {
  let response;
  try {
    response = await fetch(`api/${path}`, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { message: NOT_THERE });
  }
  const text = await response.text();
  let body;
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = { message: text.trim() };
  }
  if (!response.ok) throw new Refused(response.status, body);
  return body;
};

const get = (path, given = {}, options = {}) => call(`${path}?${new URLSearchParams(given)}`, options);

const post = (path, given, options = {}) => call(path, {
  method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(given), ...options,
});

export const start = () => get("start");
export const ask = (number, yaml, file) => post("ask", { tab: TAB, ask: number, yaml, file });
export const cancel = (number) => post("cancel", { tab: TAB, ask: number }, { keepalive: true });
export const edit = (yaml, changes, file) => post("edit", { yaml, changes, file });
export const besides = (variants, file, signal) => post("variants", { variants, file }, { signal });
export const complete = (yaml, line, column, signal) => post("complete", { yaml, line, column }, { signal });
export const explain = (key) => get("explain", { key });
export const open = (given) => get("open", given);
export const save = (yaml, file, force, was) => post("save", { yaml, file, force, was });
export const report = (yaml, scenario, file, force, signal) => post("report", { yaml, scenario, file, force }, { signal });

// The events of this tab. A tab that is not looked at and waits for nothing lets go of its connection, since a browser
// has only six of them for all tabs of one server.
export const listen = ({ on, lost, back, isIdle }) => {
  const address = `api/events?${new URLSearchParams({ tab: TAB })}`;
  let source = null, isLost = false;
  const close = () => {
    source?.close();
    source = null;
  };
  const connect = () => {
    if (source) return;
    source = new EventSource(address);
    source.addEventListener("open", () => {
      if (isLost) back();
      isLost = false;
    });
    source.addEventListener("error", () => {
      if (!isLost) lost(NOT_THERE);
      isLost = true;
      if (source?.readyState !== EventSource.CLOSED) return;
      close(); // refused; what is not answered at all is tried again by the browser itself
      why().then(lost).catch(() => {});
      setTimeout(connect, 2000);
    });
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        on(name, JSON.parse(event.data));
        rest();
      });
    }
  };
  // An EventSource does not tell with which words it was refused.
  const why = async () => {
    try {
      const aborted = new AbortController();
      const response = await fetch(address, { signal: aborted.signal });
      if (!response.ok) return (await response.json()).message ?? NOT_THERE;
      aborted.abort();
    } catch {
      // it is not there
    }
    return NOT_THERE;
  };
  const rest = () => {
    if (document.hidden && isIdle()) close();
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : connect()));
  connect();
  return new Promise((resolve) => source.addEventListener("open", resolve, { once: true }));
};
