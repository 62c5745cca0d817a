// SPDX-License-Identifier: BSL-1.0
#include "inspector/profile/pprof.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <map>
#include <protozero/pbf_reader.hpp>
#include <string>
#include <vector>

#include "tests/inspector/profile/dump_of.hpp"

namespace {

using protozero::pbf_reader;

std::string gunzip(const std::string& packed) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string plain(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  return plain;
}

// The messages at this field, each as its fields: the last number or text of a field wins.
struct Fields {
  std::map<unsigned, std::uint64_t> numbers;
  std::map<unsigned, std::vector<std::string>> texts;
};
Fields fields_of(pbf_reader message) {
  Fields fields;
  while (message.next()) {
    if (message.wire_type() == protozero::pbf_wire_type::length_delimited) {
      fields.texts[message.tag()].push_back(message.get_string());
    } else {
      fields.numbers[message.tag()] = message.get_uint64();
    }
  }
  return fields;
}
Fields fields_of(const std::string& message) { return fields_of(pbf_reader(message)); }

template <class T>
std::vector<T> unpacked(const std::string& packed) {
  std::vector<T> values;
  for (auto at = packed.data(); at != packed.data() + packed.size();) {
    values.push_back(static_cast<T>(protozero::decode_varint(&at, packed.data() + packed.size())));
  }
  return values;
}

class Pprof : public testing::Test {
 protected:
  void read(const leash::Dump& dump, std::string_view shown_first = "tasks") {
    inspector::ProfileOptions options;
    options.at = std::chrono::system_clock::time_point(std::chrono::seconds(7));
    options.shown_first = shown_first;
    options.comments = {"first", "second"};
    profile = fields_of(gunzip(inspector::to_pprof({&dump, 1}, options)));
  }
  std::string text(std::uint64_t index) { return profile.texts[6].at(index); }
  // "name file:line" for each location of the sample, the leaf first.
  std::vector<std::string> stack(const Fields& sample) {
    std::vector<std::string> frames;
    for (const auto id : unpacked<std::uint64_t>(sample.texts.at(1)[0])) {
      Fields location = fields_of(profile.texts[4].at(id - 1));
      EXPECT_EQ(location.numbers[1], id);
      EXPECT_FALSE(location.numbers.contains(2)) << "a mapping, which only an address needs";
      Fields line = fields_of(location.texts[4].at(0));
      Fields function = fields_of(profile.texts[5].at(line.numbers[1] - 1));
      EXPECT_EQ(function.numbers[1], line.numbers[1]);
      frames.push_back(text(function.numbers[2]) + " " + text(function.numbers[4]) + ":" +
                       std::to_string(line.numbers[2]));
    }
    return frames;
  }
  std::map<std::string, std::string> labels(const Fields& sample) {
    std::map<std::string, std::string> all;
    for (const std::string& each : sample.texts.at(3)) {
      Fields label = fields_of(each);
      all[text(label.numbers[1])] = label.numbers.contains(2)
                                        ? text(label.numbers[2])
                                        : std::to_string(label.numbers[3]) + " " + text(label.numbers[4]);
    }
    return all;
  }

  Fields profile;
};

TEST_F(Pprof, NamesItsSampleTypes) {
  read({}, "leaked");
  std::vector<std::string> types;
  for (const std::string& each : profile.texts[1]) {
    Fields type = fields_of(each);
    types.push_back(text(type.numbers[1]) + "/" + text(type.numbers[2]));
  }
  EXPECT_EQ(types,
            (std::vector<std::string>{"tasks/count", "leaked/count", "space/bytes", "waiting/nanoseconds"}));
  EXPECT_EQ(text(profile.numbers[14]), "leaked");
  EXPECT_EQ(text(0), "");
  const auto comments = unpacked<std::uint64_t>(profile.texts[13].at(0));
  ASSERT_EQ(comments.size(), 2u);
  EXPECT_EQ(text(comments[1]), "second");
  EXPECT_EQ(profile.numbers[9], 7'000'000'000u) << "when it was taken";
  EXPECT_EQ(profile.numbers[12], 1u);
  EXPECT_NE(text(fields_of(profile.texts[3].at(0)).numbers[5]).find("profile_test"), std::string::npos);
}

TEST_F(Pprof, HasASamplePerEntry) {
  leash::TaskGroup owned = leaked_replicas(4);
  owned.oldest.state = leash::TaskState::owned;
  read(dump_of({leaked_replicas(3), owned}));
  ASSERT_EQ(profile.texts[2].size(), 2u);
  const Fields leaked = fields_of(profile.texts[2][0]);
  EXPECT_EQ(unpacked<std::int64_t>(leaked.texts.at(2)[0]),
            (std::vector<std::int64_t>{3, 3, 3690, 6'000'000'000}));
  EXPECT_EQ(stack(leaked), (std::vector<std::string>{"[chan send] :0", "produce server/patterns/send.cpp:41",
                                                     "replica server/patterns/send.cpp:63",
                                                     "started by fan_out server/patterns/send.cpp:60"}));
  const Fields second = fields_of(profile.texts[2][1]);
  EXPECT_EQ(unpacked<std::int64_t>(second.texts.at(2)[0])[1], 0) << "none has leaked";
  EXPECT_EQ(stack(second), stack(leaked));
  EXPECT_EQ(profile.texts[4].size(), 4u) << "equal stacks share their locations";
}

TEST_F(Pprof, LabelsASample) {
  read(dump_of({leaked_replicas(1)}));
  const std::map<std::string, std::string> expected{{"kind", "task"},
                                                    {"state", "leaked"},
                                                    {"owner", "request"},
                                                    {"cause", "client disconnected"},
                                                    {"loop", "worker 0"},
                                                    {"trace", "4bf92f3577b34da6a3ce929d0e0e4736"},
                                                    {"oldest_age", "3000000000 nanoseconds"}};
  EXPECT_EQ(labels(fields_of(profile.texts[2][0])), expected);
}

TEST_F(Pprof, HasASamplePerGroupOfCoroutines) {
  leash::CoroutineGroup group;
  group.count = 5;
  group.frame_bytes = 700;
  group.waiting = std::chrono::seconds(9);
  group.oldest.state = leash::CoroutineState::stray;
  group.oldest.wait = leash::WaitKind::timer;
  group.oldest.spawner = 1;
  group.oldest.spawned_by = "serve";
  group.oldest.frames = {{"say_goodbye", "service.cpp", 35}};
  profile = fields_of(gunzip(inspector::to_pprof({}, {}, {&group, 1})));
  ASSERT_EQ(profile.texts[2].size(), 1u);
  const Fields sample = fields_of(profile.texts[2][0]);
  EXPECT_EQ(unpacked<std::int64_t>(sample.texts.at(2)[0]),
            (std::vector<std::int64_t>{5, 0, 700, 9'000'000'000}));
  EXPECT_EQ(stack(sample),
            (std::vector<std::string>{"[timer] :0", "say_goodbye service.cpp:35", "spawned by serve :0"}));
  EXPECT_EQ(labels(sample)["kind"], "coroutine");
  EXPECT_EQ(labels(sample)["state"], "stray");
}

TEST_F(Pprof, TakesADumpPerLoop) {
  leash::TaskGroup other = leaked_replicas(2);
  other.oldest.loop = "worker 1";
  const std::vector<leash::Dump> dumps{dump_of({leaked_replicas(1)}), dump_of({other})};
  profile = fields_of(gunzip(inspector::to_pprof(dumps, {})));
  ASSERT_EQ(profile.texts[2].size(), 2u);
  EXPECT_EQ(labels(fields_of(profile.texts[2][1]))["loop"], "worker 1");
}

TEST_F(Pprof, IsTheSameForTheSameDump) {
  const leash::Dump dump = dump_of({leaked_replicas(1)});
  EXPECT_EQ(inspector::to_pprof({&dump, 1}, {}), inspector::to_pprof({&dump, 1}, {}));
}

}  // namespace
