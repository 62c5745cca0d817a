// SPDX-License-Identifier: BSL-1.0
// The live page in a real browser: load in leaky mode makes the curve rise, the switch to fixed makes it flat, reap makes
// it fall to zero.
//
// usage: in_browser.sh live_page_test.mjs PATH_OF_LEASH_SERVER
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

import { Page, check, end, eventually, run } from "./browser.mjs";

const binary = process.argv[2];

async function serve({ admin = 0, token = "" } = {}) {
  const child = spawn(binary, ["--port", "0", "--admin-port", String(admin), "--mode", "leaky", "--leak-payload", "4KiB",
    ...(token ? ["--admin-token", token] : [])], { stdio: ["ignore", "pipe", "ignore"] });
  const [ready] = await once(createInterface(child.stdout), "line");
  const [, url, adminUrl] = ready.match(/^ready public=(\S+) admin=(\S+)$/);
  return { child, url, admin: adminUrl };
}

// Some forty requests per second, two minutes at most, until it is told to stop.
function load(url) {
  let stopped = false;
  const requests = (async () => {
    for (let i = 0; i < 5000 && !stopped; ++i) {
      await pause(25);
      await (await fetch(url + "/demo?pattern=send&latency=0")).text();
    }
  })();
  return () => { stopped = true; return requests; };
}

async function keepsWhatIsSelected(page) {
  const selected = () => page.tab.evaluate(() => String(getSelection()));
  await page.tab.evaluate(() => getSelection().selectAllChildren(document.querySelector("#leaks pre")));
  const before = await selected();
  await page.polls(3);
  check("the selection survives them", before && await selected() === before);
  await page.tab.evaluate(() => getSelection().removeAllRanges());
}

async function keepsThePlaceOfTheKeyboard(page) {
  const open = () => page.tab.evaluate(() => document.querySelector("#leaks details").open);
  await page.tab.focus("#reap");
  await page.tab.keyboard.press("Tab");
  await page.polls(3);
  await page.tab.keyboard.press("Enter");
  check("the key closes the trace", !await open());
  await page.polls(3);
  check("it stays closed", !await open());
  await page.tab.keyboard.press("Enter");
  check("and the next key opens it", await open());
}

async function scenario(page, server, atEnd) {
  const stop = load(server.url);
  atEnd(stop);
  const leaked = () => page.values("tasks_leaked");
  const lastLeaked = async () => (await leaked()).at(-1);
  const pressed = (mode) => page.attribute(`[data-mode=${mode}]`, "aria-pressed");

  await eventually("the leaked curve rises", async () =>
    (await leaked()).filter((value, i, all) => i > 0 && value > all[i - 1]).length >= 4);
  await eventually("the table names the site", async () => (await page.text("#leaks")).includes("server/patterns/send.cpp:"));
  check("it names the wait point", (await page.text("#leaks")).includes("chan send"));
  check("it has the trace of an example", (await page.text("#leaks pre")).includes("replica_leaky"));
  await eventually("it shows the line that starts it", async () => (await page.text("#leaks .source")).includes("leash::go("));
  const source = await page.text("#leaks .source");
  check("it shows the line of the leaky version", source.includes("answers.send(held.read())"));
  check("it shows the lines of the cure", source.includes("Scope s(demo.ctx)"));
  check("leaky is the mode shown", await pressed("leaky") === "true");
  check("requests are counted", !["0", "…"].includes(await page.figure("Requests per second")));
  await eventually("contexts are shown by the line that made them", async () => (await page.text("#contexts table")).includes(".cpp:"));
  await page.looks("leaky");
  await keepsWhatIsSelected(page);
  await keepsThePlaceOfTheKeyboard(page);

  await page.tab.click("[data-mode=fixed]");
  await eventually("fixed is the mode shown", async () => await pressed("fixed") === "true");
  await eventually("the leaked curve is flat under load", async () => {
    const last = (await leaked()).slice(-4), requests = (await page.values("requests")).slice(-4);
    return last.length === 4 && new Set(last).size === 1 && requests[3] > requests[0];
  });
  check("what has leaked stays", await lastLeaked() > 0);
  await page.picture("fixed");

  check("it asks first", (await page.asked("#reap", "dismiss")).includes("by force"));
  check("then nothing is reaped", await page.text("#outcome") === "The mode is fixed." && await lastLeaked() > 0);
  await page.asked("#reap", "accept");
  await eventually("it says what was reaped", async () => (await page.text("#outcome")).startsWith("Reaped "));
  await eventually("the leaked curve falls to zero", async () => await lastLeaked() === 0);
  await eventually("the table is empty", async () => await page.text("#leaks .summary") === "none");
  check("there is nothing left to reap", await page.attribute("#reap", "disabled") !== null);
  await page.picture("reaped");
  check(`the browser has logged no error: ${page.errors}`, page.errors.length === 0);

  await stop();
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  check("the server says that tasks had leaked", (await ended)[0] === 3);
  await eventually("the page says that nobody answers", async () => (await page.text("#warning")).includes("No metrics"));
  await page.picture("gone");
}

// Its own history is all that is shown, although the page has seen as many samples of the one before.
async function restartedWhileHidden(page, atEnd) {
  const before = await serve();
  atEnd(() => end(before.child));
  await page.tab.goto(before.admin);
  await eventually("there are two samples", async () => (await page.values("time")).length >= 2);
  await page.tab.evaluate(() => Object.defineProperty(document, "hidden", { configurable: true, get: () => true }));
  await eventually("it asks no more", () => page.tab.evaluate(() => !busy));
  const seen = await page.tab.evaluate(() => newest);
  await end(before.child);
  const after = await serve({ admin: new URL(before.admin).port });
  atEnd(() => end(after.child));

  const history = async () => (await fetch(after.admin + "/debug/history")).json();
  await eventually("the new one has more samples", async () => (await history()).id > seen + 1);
  await page.tab.evaluate(() => delete document.hidden);
  const [first] = (await history()).samples.time;
  await eventually("the page shows the first of them", async () => (await page.values("time"))[0] === first, 10);
}

async function withAToken(page, server) {
  await page.tab.goto(server.admin);
  await page.tab.waitForSelector("#ask-token", { state: "visible" });
  await page.picture("token");
  await page.tab.fill("#token", "s3cret");
  await page.tab.press("#token", "Enter");
  await eventually("then it has figures", async () => (await page.values("time")).length > 0);
  check("and asks no more", await page.tab.isHidden("#ask-token"));
  await page.tab.click("footer a[href^='/debug/tree']");
  await eventually("a link carries the token", async () => (await page.text("#shown pre")).startsWith("loop "));
  await page.tab.click("#shown button");
  await page.tab.click("[data-mode=fixed]");
  await eventually("and may act", async () => await page.text("#outcome") === "The mode is fixed.");
}

await run(async (atEnd) => {
  const server = await serve();
  atEnd(() => end(server.child));
  const guarded = await serve({ token: "s3cret" });
  atEnd(() => end(guarded.child));
  const page = await Page.open(server.admin);
  atEnd(() => page.close());
  await scenario(page, server, atEnd);
  await restartedWhileHidden(page, atEnd);
  await withAToken(page, guarded);
  console.log("the curve rose, was flat, and fell to zero");
});
