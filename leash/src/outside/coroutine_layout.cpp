// SPDX-License-Identifier: BSL-1.0
#include "coroutine_layout.hpp"

#include "leash/detail/coroutine_record.hpp"
#include "note.hpp"

using leash::detail::CoroutineRecord;
using leash::detail::CoroutineRegistry;
using leash::detail::CoroutineSlab;

extern "C" {
[[gnu::used]] constinit const leash::outside::CoroutineLayout leash_coroutine_layout{
    .registry = &leash_coroutines,
    .slabs = offsetof(CoroutineRegistry, slabs),
    .slab = offsetof(CoroutineRegistry, slab),
    .site = offsetof(CoroutineRegistry, site),
    .library = offsetof(CoroutineRegistry, library),
    .anchor_ticks = offsetof(CoroutineRegistry, anchor_ticks),
    .anchor_time = offsetof(CoroutineRegistry, anchor_time),
    .libraries = std::tuple_size_v<decltype(CoroutineRegistry::library)>,
    .sites = leash::detail::max_coroutine_sites,
    .most_slabs = leash::detail::max_slabs,
    .records = offsetof(CoroutineSlab, records),
    .records_per_slab = leash::detail::records_per_slab,
    .record = {.size = sizeof(CoroutineRecord),
               .id = offsetof(CoroutineRecord, id),
               .at = offsetof(CoroutineRecord, at),
               .below = offsetof(CoroutineRecord, below),
               .above = offsetof(CoroutineRecord, above),
               .made = offsetof(CoroutineRecord, made),
               .since = offsetof(CoroutineRecord, since),
               .frame_size = offsetof(CoroutineRecord, size),
               .site = offsetof(CoroutineRecord, site),
               .spawner_site = offsetof(CoroutineRecord, spawner_site),
               .wait = offsetof(CoroutineRecord, wait),
               .flags = offsetof(CoroutineRecord, flags)}};
}

static_assert(leash::outside::coroutines_note == 2);
LEASH_NOTE(2, leash_coroutine_layout);
