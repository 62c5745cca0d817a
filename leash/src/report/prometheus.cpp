// SPDX-License-Identifier: BSL-1.0
#include "leash/prometheus.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "leash/coroutines.hpp"
#include "leash/detail/heap_charges.hpp"
#include "leash/families.hpp"

namespace leash {
namespace {

using families::add;
using families::add_histogram;
using families::Families;
using families::family;
using families::Labels;

using prometheus::MetricType;

// The sum of one site over all loops.
struct Site {
  std::array<std::uint64_t, roles> live{};
  std::uint64_t started = 0;
  std::array<std::uint64_t, outcomes> finished{};
  std::uint64_t orphaned = 0;
  std::array<std::uint64_t, wait_kinds> leaked{};
  std::array<std::uint64_t, wait_kinds> stranded{};
  std::uint64_t leaks = 0;
  std::uint64_t uncancellable = 0;
  std::uint64_t detached = 0;
  std::uint64_t frame_bytes = 0;
  std::uint64_t heap_bytes = 0;
  std::uint64_t contexts_outlived = 0;
  std::uint64_t contexts_ever_outlived = 0;
  TimePoint oldest = TimePoint::max();
};

std::map<std::string, Site> add_up(const MetricsOfLoops& loops) {
  const detail::HeapCharges* const charges = detail::heap_charges.load(std::memory_order_acquire);
  std::map<std::string, Site> sites;
  for (const auto& loop : loops) {
    for (const SiteMetrics& from : loop->sites()) {
      std::string name = from.file;
      if (from.line != 0) name += ":" + std::to_string(from.line);
      Site& site = sites[name];
      for (std::size_t i = 0; i < roles; ++i) site.live[i] += from.live_by_role[i].get();
      for (std::size_t i = 0; i < outcomes; ++i) site.finished[i] += from.finished[i].get();
      for (std::size_t i = 0; i < wait_kinds; ++i) {
        site.leaked[i] += from.leaked[i].get();
        site.stranded[i] += from.stranded[i].get();
      }
      site.started += from.started.get();
      site.orphaned += from.orphaned.get();
      site.leaks += from.leaks.get();
      site.uncancellable += from.uncancellable.get();
      site.detached += from.detached.get();
      site.frame_bytes += from.frame_bytes.get();
      if (charges) site.heap_bytes = charges->of_site(from.file, from.line);  // of all loops
      site.contexts_outlived += from.contexts_outlived.get();
      site.contexts_ever_outlived += from.contexts_ever_outlived.get();
      if (const auto oldest = from.oldest_started.load(std::memory_order_relaxed); oldest != 0) {
        site.oldest = std::min(site.oldest, TimePoint(Duration(oldest)));
      }
    }
  }
  return sites;
}

void append_sites(Families& families, const std::map<std::string, Site>& sites, TimePoint now) {
  auto live = family("leash_tasks_live", "Live tasks, by the site that started them.", MetricType::Gauge);
  auto leaked = family("leash_tasks_leaked", "Tasks that outlived their owner by more than the grace.",
                       MetricType::Gauge);
  auto orphaned = family("leash_tasks_orphaned", "Live tasks whose owner is done, including leaked ones.",
                         MetricType::Gauge);
  auto detached = family("leash_tasks_detached", "Tasks whose owner can never be done.", MetricType::Gauge);
  auto oldest = family("leash_task_oldest_age_seconds", "Age of the oldest live task.", MetricType::Gauge);
  auto bytes =
      family("leash_task_frame_bytes", "Memory of the coroutine frames of live tasks.", MetricType::Gauge);
  auto heap =
      family("leash_task_heap_bytes",
             "Estimated heap memory that tasks of the site have allocated and not freed.", MetricType::Gauge);
  const bool knows_heap = detail::heap_charges.load(std::memory_order_acquire) != nullptr;
  auto started = family("leash_tasks_started_total", "Tasks started.", MetricType::Counter);
  auto finished = family("leash_tasks_finished_total", "Tasks ended, by outcome.", MetricType::Counter);
  auto leaks =
      family("leash_task_leaks_total", "Tasks that have leaked since the start.", MetricType::Counter);
  auto uncancellable =
      family("leash_task_uncancellable_waits_total",
             "Operations without a cancellation path that were in flight when their context ended.",
             MetricType::Counter);
  auto stranded =
      family("leash_tasks_stranded",
             "Tasks that wait on a channel, done signal or wait group that only waiting tasks can reach.",
             MetricType::Gauge);
  auto outlived =
      family("leash_contexts_outlived",
             "Contexts that are not done although the owner of the task that made them has been for "
             "longer than the grace.",
             MetricType::Gauge);
  for (const auto& [name, site] : sites) {
    const Labels labels{{"site", name}};
    if (site.contexts_ever_outlived != 0) add(outlived, labels, static_cast<double>(site.contexts_outlived));
    if (site.started == 0) continue;  // this site made only contexts
    const auto with = [&](std::string label, std::string_view value) {
      return Labels{{"site", name}, {std::move(label), std::string(value)}};
    };
    for (std::size_t i = 0; i < roles; ++i) {
      if (site.live[i] != 0 || static_cast<Role>(i) == Role::request) {
        add(live, with("role", to_string(static_cast<Role>(i))), static_cast<double>(site.live[i]));
      }
    }
    for (std::size_t i = 0; i < wait_kinds; ++i) {
      if (site.leaked[i] != 0) {
        add(leaked, with("wait", to_string(static_cast<WaitKind>(i))), static_cast<double>(site.leaked[i]));
      }
      if (site.stranded[i] != 0) {
        add(stranded, with("wait", to_string(static_cast<WaitKind>(i))),
            static_cast<double>(site.stranded[i]));
      }
    }
    for (std::size_t i = 0; i < outcomes; ++i) {
      add(finished, with("outcome", to_string(static_cast<Outcome>(i))),
          static_cast<double>(site.finished[i]));
    }
    add(orphaned, labels, static_cast<double>(site.orphaned));
    add(detached, labels, static_cast<double>(site.detached));
    const bool any = site.oldest != TimePoint::max();
    add(oldest, labels, any ? std::chrono::duration<double>(now - site.oldest).count() : 0);
    add(bytes, labels, static_cast<double>(site.frame_bytes));
    if (knows_heap) add(heap, labels, static_cast<double>(site.heap_bytes));
    add(started, labels, static_cast<double>(site.started));
    add(leaks, labels, static_cast<double>(site.leaks));
    add(uncancellable, labels, static_cast<double>(site.uncancellable));
  }
  for (auto* each : {&live, &leaked, &orphaned, &detached, &oldest, &bytes, &heap, &started, &finished,
                     &leaks, &uncancellable, &stranded, &outlived}) {
    families.push_back(std::move(*each));
  }
}

prometheus::MetricFamily& named(Families& families, std::string_view name) {
  return *std::ranges::find(families, name, &prometheus::MetricFamily::name);
}

// The tracked coroutines of the process, in the families of tasks with a separate label. Like tasks, they have at most
// 255 sites and "other".
void append_coroutines(Families& families) {
  constexpr std::size_t max_sites = 255;
  static constexpr std::array<std::string_view, 3> endings{"returned", "error", "canceled"};
  std::vector<CoroutineSite> all = coroutine_sites();
  if (all.empty()) return;
  std::ranges::stable_sort(all, std::greater(), &CoroutineSite::live);
  const auto place_of = [](const CoroutinePlace& place) {
    return place.line == 0 ? "other" : to_text(place);
  };
  std::map<std::string, CoroutineSite> sites;
  for (const CoroutineSite& from : all) {
    CoroutineSite& site = sites[sites.size() < max_sites ? place_of(from.place) : "other"];
    site.started += from.started;
    site.frame_bytes += from.frame_bytes;
    for (std::size_t i = 0; i < endings.size(); ++i) site.finished[i] += from.finished[i];
  }
  for (const auto& [place, site] : sites) {
    const Labels labels{{"site", place}, {"kind", "coroutine"}};
    add(named(families, "leash_tasks_live"), labels, static_cast<double>(site.live()));
    add(named(families, "leash_task_frame_bytes"), labels, static_cast<double>(site.frame_bytes));
    add(named(families, "leash_tasks_started_total"), labels, static_cast<double>(site.started));
    for (std::size_t i = 0; i < endings.size(); ++i) {
      Labels with = labels;
      with.push_back({"outcome", std::string(endings[i])});
      add(named(families, "leash_tasks_finished_total"), with, static_cast<double>(site.finished[i]));
    }
  }
  families.push_back(
      family("leash_tasks_stray",
             "Coroutines without an owner whose spawner has ended and that have waited for longer than "
             "the patience.",
             MetricType::Gauge));
  using Key = std::tuple<CoroutineState, std::string, std::string>;
  std::map<Key, std::size_t> verdicts;
  for (const CoroutineGroup& group : group_coroutines()) {
    const CoroutineInfo& one = group.oldest;
    if (one.state != CoroutineState::leaked && one.state != CoroutineState::stray) continue;
    const std::string place = place_of(one.site);
    verdicts[{one.state, sites.contains(place) ? place : "other", std::string(to_string(one.wait))}] +=
        group.count;
  }
  for (const auto& [key, count] : verdicts) {
    const auto& [state, place, wait] = key;
    Labels labels{{"site", place}, {"wait", wait}};
    const bool leaked = state == CoroutineState::leaked;
    if (leaked) labels.push_back({"kind", "coroutine"});  // stray ones are always coroutines
    add(named(families, leaked ? "leash_tasks_leaked" : "leash_tasks_stray"), labels,
        static_cast<double>(count));
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> prometheus_families(const MetricsOfLoops& loops, TimePoint now) {
  Families families;
  append_sites(families, add_up(loops), now);
  append_coroutines(families);

  const auto sum = [&](auto member) {
    double total = 0;
    for (const auto& loop : loops) total += static_cast<double>(member(*loop));
    return total;
  };
  const auto gauge = [&](std::string name, std::string help, auto member) {
    families.push_back(family(std::move(name), std::move(help), MetricType::Gauge));
    add(families.back(), {}, sum(member));
  };
  gauge("leash_contexts_live", "Contexts that are not done.",
        [](const Metrics& f) { return f.contexts_live.get(); });
  gauge("leash_contexts_held", "Contexts that are done but still referenced.",
        [](const Metrics& f) { return f.contexts_held.get(); });
  gauge("leash_timers_armed", "Armed deadlines and sleeps.",
        [](const Metrics& f) { return f.timers_armed.get(); });

  families.push_back(
      family("leash_contexts_done_total", "Contexts that became done, by cause.", MetricType::Counter));
  for (std::size_t i = 0; i < causes; ++i) {
    add(families.back(), {{"cause", std::string(to_string(static_cast<Cause>(i)))}},
        sum([i](const Metrics& f) { return f.contexts_done[i].get(); }));
  }
  families.push_back(family("leash_task_exceptions_total",
                            "Exceptions that escaped a task that is not joined.", MetricType::Counter));
  add(families.back(), {}, sum([](const Metrics& f) { return f.exceptions.get(); }));

  std::array<std::uint64_t, Metrics::latency_bounds.size() + 1> counts{};
  for (const auto& loop : loops) {
    for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += loop->cancel_latency[i].get();
  }
  families.push_back(
      family("leash_cancel_latency_seconds",
             "Time from the end of a task's owner to the end of the task; reaped tasks are left out.",
             MetricType::Histogram));
  add_histogram(families.back(), {}, Metrics::latency_bounds, counts,
                1e-9 * sum([](const Metrics& f) { return f.cancel_latency_nanoseconds.get(); }));
  std::erase_if(families, [](const auto& each) { return each.metric.empty(); });
  return families;
}

void PrometheusCollector::add(const LoopBase& loop) {
  const std::lock_guard lock(mutex_);
  loops_.push_back(loop.metrics());
}

void PrometheusCollector::remove(const LoopBase& loop) {
  const std::lock_guard lock(mutex_);
  std::erase(loops_, loop.metrics());
}

std::vector<prometheus::MetricFamily> PrometheusCollector::Collect() const {
  MetricsOfLoops loops;
  {
    const std::lock_guard lock(mutex_);
    loops = loops_;
  }
  return prometheus_families(loops, std::chrono::steady_clock::now());
}

}  // namespace leash
