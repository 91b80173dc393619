// What a group or a storm is made of: who joined when, what each showed, and when there were enough.

import { devices } from "../city.js";
import { el } from "../dom.js";
import { route } from "../route.js";
import { clock } from "../times.js";
import { said, t } from "../words.js";
import { short } from "../chart.js";

const MOST = 60;

/** Return the members in the order in which they felt it. */
export function gathered(many) {
  const times = many.members.map((member) => Date.parse(member.felt_at));
  const first = Math.min(...times);
  const room = Math.max(...times.slice(0, MOST)) - first || 1;
  const rows = many.members.slice(0, MOST).map((member, i) => row(member, { i, after: times[i] - first, room, isEnough: i + 1 === many.needed }));
  return [
    el("ol.why-members", {}, rows),
    many.members.length > MOST ? el("p.fine", { text: t("members.more", { n: many.members.length - MOST }) }) : null,
    many.unheard.length ? el("p.fine", { text: t("why.unheard", { n: many.unheard.length, devices: many.unheard.slice(0, MOST).join("、") }) }) : null,
  ].filter(Boolean);
}

function row(member, { i, after, room, isEnough }) {
  const dot = el("i");
  dot.style.left = `${(Math.max(after, 0) / room) * 100}%`;
  return el("li", { "data-device": member.device, "data-unknown": String(member.is_unknown) },
    el("span.why-nth", { text: i + 1 }),
    el("button.jump", { type: "button", text: member.device, on: { click: () => open(member.device) } }),
    el("span", { text: said(member, "rule") }),
    el("b", { text: member.value === null ? "" : t("why.member.value", { value: short(member.value), limit: `${short(member.threshold)} ${member.unit}`.trim() }) }),
    el("time", { datetime: member.felt_at, title: clock(Date.parse(member.felt_at)), text: `+${(after / 1000).toFixed(after < 100_000 ? 1 : 0)} s` }),
    el("span.why-arrival", { "aria-hidden": "true" }, dot),
    member.was_filed ? el("span.tag", { text: t("members.own") }) : null,
    member.is_judged ? null : el("span.tag", { title: t("why.only.told.title"), text: t("why.only.told") }),
    isEnough ? el("span.tag.standing", { text: t("why.enough", { n: i + 1 }) }) : null);
}

function open(code) {
  const found = [...devices.value.values()].find((device) => device.code === code);
  if (found) route.open("device", found.id);
}
