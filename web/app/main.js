// Where the page starts: who is asking, then the control room.

import { get, loggedOut } from "./api.js";
import { showBar } from "./bar.js";
import { showCases } from "./case_list.js";
import { enter, leave } from "./city.js";
import { watchDrawer } from "./drawer.js";
import { watchKeys } from "./keys.js";
import { showLegend } from "./legend.js";
import { forget, mayBeKnown, remember } from "./known.js";
import { showLogin } from "./login.js";
import { showMap } from "./map/view.js";
import { watchNotices } from "./notices.js";
import { route } from "./route.js";
import { showSearch } from "./search.js";
import { useZone } from "./times.js";
import { watchTrack } from "./track_bar.js";
import { t, tongue } from "./words.js";

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
    ask(problem.status === 401 ? "" : problem.message);
  }
}

/** Show the room to whoever is logged in. */
async function open(session) {
  useZone(session.time_zone);
  login.hidden = true;
  room.hidden = false;
  if (!built) await build();
  loggedOut.value = false;
  remember();
  showBar(session, () => ask(""));
  await enter();
  route.restore();
}

async function build() {
  built = true;
  await showMap(document.getElementById("map"));
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
