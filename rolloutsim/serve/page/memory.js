// What survives a reload: this tab's text, its history and its pins. Nothing is kept beyond the tab.

const KEY = `rolloutsim ${location.pathname}`; // the token is in it: another server is another memory

export const recall = () => {
  try {
    return JSON.parse(sessionStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
};

// The more there is, the less of it is kept: without the history, then without the pins' curves.
export const remember = (state) => {
  const bare = (pin) => ({ ...pin, answer: { ...pin.answer, curve: { ...pin.answer.curve, cases: [] } } });
  const smaller = [state, { ...state, editor: null }, { ...state, editor: null, pins: state.pins.map(bare) }];
  for (const one of smaller) {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(one));
      return;
    } catch {
      // larger than what the browser allows
    }
  }
};
