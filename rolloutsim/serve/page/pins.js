// Variants that are kept: what a scenario said, and what came of it, side by side with what it says now.

import { h, scrolling } from "./dom.js";
import { table } from "./answer.js";

const DASHES = [undefined, [6, 3], [2, 2], [8, 3, 2, 3]];
const MOST = 8; // more lines than these nobody tells apart

const percent = (now, then) => {
  if (!(then > 0) || !(now >= 0)) return "";
  const change = (now / then - 1) * 100;
  if (Math.abs(change) < 0.05) return "same";
  const shown = Math.abs(change) < 10 ? Math.abs(change).toFixed(1) : Math.round(Math.abs(change)).toString();
  return `${change < 0 ? "−" : "+"}${shown}\u00a0%`;
};

// What a pin needs of an answer; what-ifs and causes stay with the answer itself.
const kept = ({ headline, state, word, cases, curve }) => ({ headline, state, word, cases, curve });

export const pins = (host, { restore, changed, full }) => {
  let all = [], now = null, focusAfter = null;

  // A name that no other pin has.
  const free = (wanted, own = null) => {
    const names = new Set(all.filter((pin) => pin !== own).map(({ name }) => name));
    for (let i = 1; ; i++) {
      const name = wanted && i === 1 ? wanted : `${wanted || "variant"} ${i}`;
      if (!names.has(name)) return name;
    }
  };
  const remove = (pin) => {
    const at = all.indexOf(pin);
    all = all.filter((one) => one !== pin);
    focusAfter = all[Math.min(at, all.length - 1)] ?? null;
    update();
    if (!focusAfter) document.getElementById("pin").focus();
    changed();
  };

  // One row a variant; the first is what the others are measured by.
  const row = (pin, base, names) => {
    const isNow = pin === now;
    const time = (name) => pin.answer.cases.find((one) => one.case === name);
    const name = isNow ? h("strong", {}, "now") : h("input", {
      type: "text", value: pin.name, "aria-label": `Name of ${pin.name}`, maxlength: 60, size: Math.max(10, Math.min(28, pin.name.length)),
      onchange: ({ target }) => {
        pin.name = free(target.value.trim() || pin.name, pin);
        update();
        changed();
      },
    });
    const { state, word } = pin.answer;
    return h("tr", { class: isNow ? "now" : null },
      h("th", { scope: "row" }, name),
      h("td", { class: state }, h("span", { class: "word" }, word)),
      names.map((one) => h("td", { class: "right" }, time(one)?.rollout_time ?? "–", base !== pin && h("span", { class: "change" }, percent(time(one)?.rollout_time_s, base.answer.cases.find((other) => other.case === one)?.rollout_time_s)))),
      h("td", {}, !isNow && h("span", { class: "buttons" },
        h("button", { type: "button", onclick: () => restore(pin), "aria-label": `Go back to ${pin.name}` }, "Go back"),
        h("button", { type: "button", class: "unpin", onclick: () => remove(pin), "aria-label": `Unpin ${pin.name}` }, "Unpin"))));
  };

  const update = () => {
    document.getElementById("save-variants").hidden = !all.length;
    if (!all.length || !now) {
      host.replaceChildren(h("p", { class: "note" }, "Pin what you have now, change something, and compare: in this table and in the curve."));
      return;
    }
    const variants = [...all, now];
    const names = [...new Set(variants.flatMap(({ answer }) => answer.cases.map((one) => one.case)))];
    const columns = [{ title: "variant" }, { title: "targets" }, ...names.map((title) => ({ title, align: "right" })), { title: "what to do", isUnseen: true }];
    host.replaceChildren(
      scrolling("Variants", table("Rollout times of the variants, by case", columns, variants.map((one) => row(one, all[0], names)))),
      h("p", { class: "note" }, `Rollout times by case; in per cent, against ${all[0].name}.`),
    );
    if (focusAfter) host.querySelectorAll(".unpin")[all.indexOf(focusAfter)]?.focus();
    focusAfter = null;
  };

  return {
    set(list) {
      all = list;
      update();
    },
    show(answer) {
      now = { name: "now", answer: kept(answer) };
      update();
    },
    add(wanted, text, file) {
      if (!now) return;
      if (all.length >= MOST) {
        full(`No more than ${MOST} variants can be told apart: unpin one first.`);
        return;
      }
      const pin = { name: free(wanted), text, file, answer: now.answer };
      all = [...all, pin];
      update();
      changed();
      const inputs = host.querySelectorAll("input");
      inputs[inputs.length - 1].select();
    },
    all: () => all,
    // Name, text and file of each, and of what there is now where it is none of them.
    every: (text, file) => [
      ...all.map((pin) => [pin.name, pin.text, pin.file ?? null]),
      ...(all.some((pin) => pin.text === text && pin.file === file) ? [] : [[free("now"), text, file]]),
    ],
    // The lines of the curve: of one case, a colour a variant; of all cases, a colour a case and dashes for variants.
    lines(answer, which, colours) {
      const variants = [...all, { name: "now", answer }]; // on top of the others
      const several = all.length > 0, single = which !== "";
      const order = (v) => (v + 1) % variants.length; // what there is now looks the same, whatever is pinned
      const lines = [];
      variants.forEach((variant, v) => variant.answer.curve.cases.forEach((one, c) => {
        if (single && one.case !== which) return;
        lines.push({
          name: !several ? one.case : single ? variant.name : `${one.case}, ${variant.name}`,
          colour: colours[(single && several ? order(v) : c) % colours.length],
          dash: DASHES[(single ? Math.floor(order(v) / colours.length) : order(v)) % DASHES.length],
          width: v === all.length ? 2.5 : 1.5,
          t: one.t, share: one.share,
        });
      }));
      return lines;
    },
  };
};
