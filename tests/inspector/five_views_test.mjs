// SPDX-License-Identifier: BSL-1.0
// A program of 30 lines without a line of leash (tests/inspector/programs/waits.cpp), stripped, in five views: the live page
// in a browser, a real Prometheus, `go tool pprof`, `leash-client ps` of the process, and of its core. All have the same
// number of coroutines. A view whose tool is missing is left out (scripts/bootstrap --browser --peers).
//
// usage: in_browser.sh five_views_test.mjs PROGRAM LEASH_CLIENT
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";

import { Page, check, end, eventually, run } from "./browser.mjs";

const [binary, client] = process.argv.slice(2);
const expected = 12;

const isInstalled = (tool) => !spawnSync(tool, ["--version"]).error;

async function start(folder) {
  const stripped = join(folder, basename(binary));
  execFileSync("strip", ["-o", stripped, binary]);
  const { LEASH_ADMIN_TOKEN, ...environment } = process.env;
  const child = spawn(stripped, { env: { ...environment, LEASH_INSPECT: "127.0.0.1:0" }, stdio: ["ignore", "pipe", "pipe"] });
  const [[ready], [listens]] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => once(createInterface(stream), "line")));
  check("the program says that it is ready", ready === "ready");
  return { child, url: listens.split(" ").at(-1) };
}

async function onThePage({ url }, atEnd) {
  const page = await Page.open(url);
  atEnd(() => page.close());
  await eventually("the page has the coroutines", async () => await page.text("#coroutines .summary") === `${expected} at 2 places`);
  await eventually("its curve ends there", async () => await page.figure("Live coroutines") === String(expected));
  const listed = await page.text("#coroutines");
  check(`it names where eleven of them wait: ${listed}`,
    /^11\s+spawned\s+read\s/m.test(listed) && listed.includes("tests/inspector/programs/waits.cpp:"));
  check("the stack of an example is open", (await page.text("#coroutines pre")).includes("receive"));
  check("there are no leaked tasks", await page.text("#leaks .summary") === "none");
  check("it has the program's name", await page.tab.title() === basename(binary));
  await page.looks("program");
  check(`the browser has logged no error: ${page.errors}`, page.errors.length === 0);
  return Number(await page.figure("Live coroutines"));
}

async function inPrometheus({ url }, folder, atEnd) {
  if (!isInstalled("prometheus")) return undefined;
  const settings = join(folder, "prometheus.yml"), log = join(folder, "prometheus.log");
  writeFileSync(settings, `global: {scrape_interval: 250ms, scrape_timeout: 250ms}
scrape_configs: [{job_name: waits, static_configs: [{targets: ['${new URL(url).host}']}]}]
`);
  const output = openSync(log, "w");
  const prometheus = spawn("prometheus", ["--config.file=" + settings, "--storage.tsdb.path=" + join(folder, "data"),
    "--web.listen-address=127.0.0.1:0"], { stdio: ["ignore", output, output] });
  atEnd(() => end(prometheus));
  const [, address] = await eventually("Prometheus is ready", () => {
    const text = readFileSync(log, "utf8");
    return text.includes("ready to receive web requests") && text.match(/"Listening on".* address=(\S+)/);
  });
  const query = new URLSearchParams({ query: 'sum(leash_tasks_live{kind="coroutine"})' });
  return eventually("Prometheus has scraped", async () => {
    const { data } = await (await fetch(`http://${address}/api/v1/query?${query}`)).json();
    return data.result.length && Number(data.result[0].value[1]);
  });
}

function inPprof({ url }, folder) {
  if (!isInstalled("go")) return undefined;
  const top = execFileSync("go", ["tool", "pprof", "-top", url + "/debug/pprof/tasks"],
    { encoding: "utf8", env: { ...process.env, HOME: folder, PPROF_TMPDIR: folder }, stdio: ["ignore", "pipe", "ignore"] });
  return Number(top.match(/accounting for \d+, 100% of (\d+) total/)[1]);
}

const fromOutside = (target) => JSON.parse(execFileSync(client, ["ps", "--json", target], { encoding: "utf8" })).live_coroutines;

function fromItsCore({ child }, folder) {
  if (!isInstalled("gcore")) return undefined;
  const core = join(folder, "core");
  const { stdout, stderr } = spawnSync("gcore", ["-o", core, String(child.pid)], { encoding: "utf8" });
  if ((stdout + stderr).includes("ptrace: Operation not permitted")) return undefined;
  return fromOutside(`${core}.${child.pid}`);
}

await run(async (atEnd) => {
  const folder = mkdtempSync(join(tmpdir(), "leash-views-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  const program = await start(folder);
  atEnd(() => end(program.child));
  const views = {
    "page": await onThePage(program, atEnd),
    "Prometheus": await inPrometheus(program, folder, atEnd),
    "go tool pprof": inPprof(program, folder),
    "ps": fromOutside(String(program.child.pid)),
    "ps of a core": fromItsCore(program, folder),
  };
  console.log(views);
  check("all views agree", Object.values(views).every((view) => view === undefined || view === expected));
});
