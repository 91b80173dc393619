// The bar over the map while a geofence is drawn: what to do next, and the pen's buttons.

import { canFinish, draft, drawMore, drop, giveUp, undo } from "../fences/draft.js";
import { figures } from "../fences/measure.js";
import { areaText, lengthText } from "../fences/words.js";
import { el, fill } from "../dom.js";
import { icon } from "../icons.js";
import { route } from "../route.js";
import { t, tongue } from "../words.js";

/** Show the bar in `stage` while the pen is out; `close` closes a path. */
export function showTools(stage, { isOut, close }) {
  const hint = el("p.pen-hint", { role: "status" });
  const buttons = el("div.pen-buttons", { role: "toolbar" });
  const place = el("div", { id: "pen", hidden: true }, hint, buttons);
  stage.append(place);
  let shown = "";
  const draw = () => {
    place.hidden = !isOut();
    if (!isOut()) return;
    hint.textContent = [t(hintOf(draft.value)), lengthSoFar(draft.value)].filter(Boolean).join(" · ");
    const names = toolsOf(draft.value);
    const now = `${names.join()} ${tongue.value}`;
    if (now === shown && buttons.children.length) return;
    shown = now;
    const focused = document.activeElement?.dataset?.tool;
    buttons.setAttribute("aria-label", t("pen.tools"));
    fill(buttons, names.map((name) => tool(name, close)));
    if (focused) buttons.querySelector(`[data-tool="${focused}"]`)?.focus();
  };
  [draft, route, tongue].forEach((signal) => signal.watch(draw));
}

function hintOf({ doing, shape, path, chosen }) {
  if (doing === "edit") return chosen ? "pen.hint.chosen" : `pen.hint.edit.${shape}`;
  if (doing === "hole" && !path.length) return "pen.hint.hole";
  if (!path.length) return `pen.hint.first.${shape}`;
  return canFinish({ shape, path }) ? `pen.hint.close.${shape}` : `pen.hint.next.${shape}`;
}

function lengthSoFar({ doing, shape, path }) {
  if (doing === "edit" || path.length < 2) return "";
  const found = figures(shape, [[path]], null);
  return shape === "polygon" && path.length > 2 ? areaText(found.area_m2) : lengthText(figures("corridor", [[path]], null).length_m);
}

function toolsOf(row) {
  const { doing, shape, path, parts, chosen, back } = row;
  if (doing !== "edit") {
    return [path.length ? "undo" : "", canFinish(row) && shape !== "circle" ? "close" : "", path.length || parts.length ? "give" : ""].filter(Boolean);
  }
  return [
    chosen && shape !== "circle" ? "drop" : "", shape === "polygon" ? "hole" : "", shape === "circle" ? "" : "more", back.length ? "undo" : "",
  ].filter(Boolean);
}

function tool(name, close) {
  const acts = {
    undo, close, give: giveUp, drop: () => drop(draft.value.chosen),
    hole: () => drawMore("hole"), more: () => drawMore("more"),
  };
  const icons = { undo: "undo", close: "check", give: "close", drop: "bin", hole: "hole", more: "plus" };
  return el(`button.${name === "close" ? "primary" : "quiet"}.pen-tool`, {
    type: "button", "data-tool": name, on: { click: acts[name] },
  }, icon(icons[name], 16), t(`pen.${name}`));
}
