// Rules that judge vehicles by a geofence, in a few words each.

import { el } from "../dom.js";
import { said, t } from "../words.js";

/** Return a list of rules, or `none` in words. */
export function rulesOf(rules, none) {
  if (!rules.length) return el("p.fine", { text: none });
  return el("ul.fence-users", {}, rules.map((rule) => el("li", { "data-code": rule.code },
    el("b", { text: said(rule, "name") }),
    el("span.fine", { text: `${rule.code} v${rule.version} · ${why(rule)}` }),
    rule.stage === "shadow" ? el("span.tag", { text: t("rules.shadow") }) : null)));
}

function why({ fences }) {
  if (fences === "own") return t("fence.by.own");
  if (fences === "all") return t("fence.by.all");
  return fences.startsWith("kind ") ? t("fence.by.kind", { kind: fences.slice(5) }) : t("fence.by.code");
}
