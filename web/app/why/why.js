// 为什么: why an alarm was raised and why it is right, asked for when somebody wants to know.

import { get } from "../api.js";
import { el, fill } from "../dom.js";
import { t } from "../words.js";
import { proof } from "./proof.js";
import { alarmHead, explanation } from "./why_view.js";

const TICK_MS = 1000;
const opened = new Set();
const known = new Map();

/**
 * Return the section that explains; what was open stays open when the drawer is drawn anew.
 * @param {string} path Of the explanation: `/cases/NUMBER` or `/alarms/ID`.
 * @param {object} [facts] `isOpen` opens it at once.
 */
export function whySection(path, { isOpen = false } = {}) {
  const place = el("div.why-place", { "aria-live": "polite" });
  const button = el("button.why-open", { type: "button", "aria-expanded": "false" },
    el("b", { text: t("why") }), el("span", { text: t("why.ask") }));
  const set = (open) => {
    button.setAttribute("aria-expanded", String(open));
    place.hidden = !open;
    if (open) {
      opened.add(path);
      load(path, place);
    } else {
      opened.delete(path);
      proof.set(null);
    }
  };
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  const section = el("section.why", {}, isOpen ? el("h3", { text: t("why") }) : button, place);
  if (isOpen || opened.has(path)) set(true);
  else place.hidden = true;
  return section;
}

/** Return what the drawer shows of an alarm that may have no case of its own. */
export async function alarmView(id) {
  const path = `/alarms/${id}`;
  const facts = known.get(path) ?? await asked(path);
  known.set(path, facts);
  return fill(el("article.case-view", { "data-severity": facts.whole.alarm.severity }),
    alarmHead(facts.whole.alarm), whySection(path, { isOpen: true }));
}

/** Ask for an explanation, saying so meanwhile; what was known before stands until it is there. */
async function load(path, place) {
  if (known.has(path)) fill(place, ...explanation(known.get(path)));
  else waiting(place);
  try {
    const facts = await asked(path);
    known.set(path, facts);
    if (known.size > 30) known.delete(known.keys().next().value);
    if (opened.has(path)) fill(place, ...explanation(facts));
  } catch (problem) {
    fill(place, el("div.why-failed", { role: "alert" },
      el("p", { text: t("why.failed", { why: problem.message }) }),
      el("button.quiet", { type: "button", text: t("why.again"), on: { click: () => load(path, place) } })));
  }
}

/** Ask for everything that an explanation is shown of. */
async function asked(path) {
  const whole = await get(`${path}/explanation`);
  const { alarm } = whole;
  const [rule, beside] = await Promise.all([
    alarm.rule.includes(":") ? null : get(`/rules/${alarm.rule}/${alarm.rule_version}`).catch(() => null),
    get(`/alarms?device_id=${alarm.device_id}&limit=100`).catch(() => ({ items: [] })),
  ]);
  return { whole, rule, beside: beside.items, isAlarm: path.startsWith("/alarms/") };
}

/** Say that it is being decided again, and for how long already. */
function waiting(place) {
  const seconds = el("span", { text: "" });
  fill(place, el("div.why-wait", { role: "status" },
    el("progress", { "aria-label": t("why.wait") }), el("p", {}, t("why.wait"), " ", seconds)));
  const began = performance.now();
  const timer = setInterval(() => {
    if (!seconds.isConnected) clearInterval(timer);
    else seconds.textContent = t("unit.s", { n: Math.round((performance.now() - began) / 1000) });
  }, TICK_MS);
}
