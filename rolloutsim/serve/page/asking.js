// When the server is asked. What is asked next ends what was asked before, so a quick answer is waited for, a moment: who
// moves a slider would see none otherwise. A long one is ended by the next change.

const PATIENCE = 500; // [ms]

export const asking = ({ send, cancel }) => {
  let number = 0, current = null, next = null, timer = 0;

  const go = (text, since) => {
    clearTimeout(timer);
    next = null;
    current = { number: ++number, text, since, at: performance.now(), isLong: false, isSettled: false, isDone: false };
    send(current);
  };
  const follow = () => {
    if (next) go(next.text, next.since);
  };

  return {
    ask(text) {
      const since = next?.since ?? performance.now();
      if (!current || current.isSettled || current.isLong) return go(text, since);
      next = { text, since };
      clearTimeout(timer);
      timer = setTimeout(follow, Math.max(0, current.at + PATIENCE - performance.now()));
      return undefined;
    },
    again: () => current && go(current.text, performance.now()),
    cancel() {
      clearTimeout(timer);
      next = null;
      if (current && !current.isSettled) cancel(current.number);
    },
    isNews: (event) => event.ask === current?.number,
    current: () => current,
    long: () => { current.isLong = true; },
    settle() {
      current.isSettled = true;
      follow();
    },
    finish() {
      current.isDone = true;
    },
    isWaiting: () => Boolean(next || (current && !current.isSettled)),
    isIdle: () => !next && (!current || current.isDone),
  };
};
