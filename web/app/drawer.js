// The drawer: what the address has open, loaded again when it changes.

import { caseView, stamp } from "./case_drawer.js";
import { cases, devices } from "./city.js";
import { deviceView } from "./device_drawer.js";
import { el, fill } from "./dom.js";
import { fenceView } from "./fences/card.js";
import { penView } from "./fences/form.js";
import { fencesView } from "./fences/list.js";
import { icon } from "./icons.js";
import { lightingView } from "./lighting.js";
import { released } from "./press.js";
import { route } from "./route.js";
import { rulesView } from "./rules.js";
import { t, tongue } from "./words.js";

const VIEWS = {
  case: caseView, device: deviceView, lighting: lightingView, rules: rulesView,
  fences: fencesView, fence: fenceView, pen: penView,
};
const DEVICE_EVERY_MS = 10_000;

/** Show what is open in `place`, beside the list `behind`. */
export function watchDrawer(place, behind) {
  let turn = 0;
  let known = "";

  const load = async ({ quietly, unasked = false }) => {
    const open = route.value;
    turn += 1;
    const mine = turn;
    if (!open) return;
    if (!quietly) fill(place, bar(), el("p.loading", { text: t("loading") }));
    const view = await loaded(open);
    if (unasked) await released();
    if (mine !== turn) return;
    if (unasked && isBusy(place)) {
      known = "";
      return;
    }
    const top = quietly ? place.scrollTop : 0;
    fill(place, bar(), view);
    place.scrollTop = top;
  };

  route.watch((open) => {
    place.hidden = !open;
    behind.classList.toggle("behind", Boolean(open));
    document.getElementById("room").classList.toggle("opened", Boolean(open));
    known = open?.kind === "case" ? stamp(open.id) : "";
    load({ quietly: false });
    if (open) place.querySelector("button")?.focus({ preventScroll: true });
  });
  cases.watch(() => {
    if (route.value?.kind !== "case" || isBusy(place)) return;
    const now = stamp(route.value.id);
    if (now === known) return;
    known = now;
    load({ quietly: true, unasked: true });
  });
  tongue.watch(() => load({ quietly: true }));
  setInterval(() => {
    const open = route.value;
    const isMoving = open?.kind === "lighting" || (open?.kind === "rules" && !open.at) || (open?.kind === "device" && devices.value.has(open.id));
    if (isMoving && !isBusy(place)) load({ quietly: true, unasked: true });
  }, DEVICE_EVERY_MS);
}

async function loaded({ kind, id, at }) {
  try {
    return await VIEWS[kind](id, at);
  } catch (problem) {
    return el("div.empty", {}, icon("warning", 40), el("b", { text: problem.status === 404 && kind === "case" ? t("case.missing") : problem.message }));
  }
}

/** Somebody writes in the drawer, or is asked to press once more: it must not be redrawn below their hands. */
function isBusy(place) {
  return Boolean(place.querySelector("form, [data-armed]"));
}

function bar() {
  return el("div.drawer-bar", {}, el("button.quiet.drawer-back", {
    type: "button", on: { click: () => route.shut() },
  }, icon("back"), t("back")));
}
