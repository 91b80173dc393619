// Where the page starts: who is asking, then the control room.

import { get, loggedOut } from "./api.js";
import { showBar } from "./bar.js";
import { showCases } from "./case_list.js";
import { enter, leave } from "./city.js";
import { el, fill } from "./dom.js";
import { watchDrawer } from "./drawer.js";
import { icon } from "./icons.js";
import { watchKeys } from "./keys.js";
import { showLegend } from "./legend.js";
import { forget, mayBeKnown, remember } from "./known.js";
import { showLogin } from "./login.js";
import { showMap } from "./map/view.js";
import { watchNotices } from "./notices.js";
import { route } from "./route.js";
import { showSearch } from "./search.js";
import { session as caller } from "./session.js";
import { useZone } from "./times.js";
import { watchTrack } from "./track_bar.js";
import { t, tongue } from "./words.js";

const RETRY_MS = 3_000;
const room = document.getElementById("room");
const login = document.getElementById("login");
let built = false;

watchNotices();
tongue.watch((language) => {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = t(node.dataset.word);
});
loggedOut.watch((out) => out && built && ask(t("login.ended")));
begin();

async function begin() {
  if (!mayBeKnown()) {
    ask("");
    return;
  }
  try {
    await open(await get("/session"));
  } catch (problem) {
    if (problem.status === 401) ask("");
    else wait(problem);
  }
}

/** The platform cannot answer: say so, and try again by ourselves. */
function wait(problem) {
  room.hidden = true;
  login.hidden = false;
  fill(login, el("div.empty", { role: "alert" }, icon("warning", 40), el("b", { text: problem.message }), el("span", { text: t("waiting") })));
  setTimeout(begin, RETRY_MS);
}

/** Show the room to whoever is logged in. */
async function open(session) {
  caller.set(session);
  useZone(session.time_zone);
  login.hidden = true;
  room.hidden = false;
  try {
    if (!built) await build();
    await enter();
  } catch (problem) {
    room.hidden = true;
    login.hidden = false;
    throw problem;
  }
  loggedOut.value = false;
  remember();
  showBar(session, () => ask(""));
  route.restore();
}

async function build() {
  await showMap(document.getElementById("map"));
  built = true;
  showCases(document.getElementById("cases"));
  watchDrawer(document.getElementById("drawer"), document.getElementById("cases"));
  watchTrack(document.getElementById("track"));
  showLegend(document.getElementById("legend"));
  showSearch(document.getElementById("search"));
  watchKeys();
}

function ask(why) {
  forget();
  leave();
  room.hidden = true;
  login.hidden = false;
  showLogin(login, why, open);
}
