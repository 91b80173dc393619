// What a group's or a storm's case is made of: every device, what is known of it, what became of it.

import { el } from "./dom.js";
import { route } from "./route.js";
import { openAlarm } from "./rule_links.js";
import { moment } from "./times.js";
import { said, t } from "./words.js";

export const MOST_SHOWN = 200;

/** Return the members of a case as elements: how many of which kind, then each. */
export function membersOf(row, items) {
  const lasting = items.filter((item) => !item.left_at);
  const unknown = lasting.filter((item) => item.state === "unknown").length;
  const over = items.length - lasting.length;
  const rest = row.members - items.length;
  return [
    el("p.fine", { text: t("members.count", { n: row.members, unknown, over }) }),
    el("ul.members", {}, items.map(member)),
    rest > 0 ? el("p.fine", { text: t("members.more", { n: rest }) }) : null,
  ];
}

function member(item) {
  const open = () => (item.has_own && item.case_id ? route.open("case", item.case_id) : route.open("device", item.device_id));
  return el("li", { "data-state": item.left_at ? "ok" : item.state },
    el("button.quiet", { type: "button", text: item.device_code, on: { click: open } }),
    el("span", { text: t(item.left_at ? "members.left" : `members.${item.state}`) }),
    item.has_own ? el("span.tag", { text: t("members.own") }) : null,
    el("time", { datetime: item.left_at ?? item.joined_at, text: moment(item.left_at ?? item.joined_at) }),
    // Its own reason speaks of it alone, which is not how it is seen here.
    ...item.alarms.map((alarm) => el("p", { title: said(alarm, "reason") },
      t("case.rule.code", { rule: alarm.rule }), " ",
      el("button.jump", { type: "button", text: t("why"), on: { click: () => openAlarm(alarm.alarm_id) } }))));
}
