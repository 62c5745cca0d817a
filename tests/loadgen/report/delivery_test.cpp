// SPDX-License-Identifier: BSL-1.0
#include "loadgen/report/delivery.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tests/loadgen/report/example_results.hpp"

namespace {

namespace fs = std::filesystem;
using loadgen::cannot_deliver;
using loadgen::Delivery;
using loadgen::test::example_result;

// Without the text for the terminal.
int delivered(const Delivery& wanted, const std::vector<loadgen::RunResult>& results) {
  testing::internal::CaptureStdout();
  const int status = loadgen::deliver(wanted, results);
  EXPECT_NE(testing::internal::GetCapturedStdout().find("Verdict"), std::string::npos);
  return status;
}

// A folder of its own for each test.
struct InFolder : testing::Test {
  fs::path folder = testing::TempDir() + "delivery-" + std::to_string(::getpid());
  InFolder() { fs::create_directory(folder); }
  ~InFolder() override { fs::remove_all(folder); }

  std::string file(const char* name) const { return folder / name; }
  static std::string contents(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }
};

using DeliveryTest = InFolder;

TEST_F(DeliveryTest, AFileIsReplacedAsAWholeAndKeepsItsPermissions) {
  const Delivery wanted{.json_file = file("run.json"),
                        .html_file = file("run.html"),
                        .csv_file = file("run.csv"),
                        .thresholds = {}};
  std::ofstream(wanted.json_file) << "before";
  ASSERT_EQ(::chmod(wanted.json_file.c_str(), 0640), 0);
  std::ifstream opened_before(wanted.json_file);
  EXPECT_EQ(cannot_deliver(wanted), std::nullopt);
  EXPECT_EQ(contents(wanted.json_file), "before") << "asking changes nothing";
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(delivered(wanted, {example_result(false)}), 0);
  EXPECT_EQ(contents(wanted.json_file).substr(0, 1), "{");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(opened_before), {}), "before")
      << "a reader has one or the other";
  struct stat status {};
  ASSERT_EQ(::stat(wanted.json_file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(files(), 3u) << "nothing else is left";
}

TEST_F(DeliveryTest, AFifoTakesAReport) {
  const std::string fifo = file("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Delivery wanted{.json_file = fifo, .html_file = {}, .csv_file = {}, .thresholds = {}};
  EXPECT_EQ(cannot_deliver(wanted), std::nullopt) << "without a reader yet";
  std::string read;
  std::thread reader([&] { read = contents(fifo); });
  EXPECT_EQ(delivered(wanted, {example_result(true)}), 3);
  reader.join();
  EXPECT_EQ(read.substr(0, 1), "{");
  EXPECT_TRUE(fs::is_fifo(fifo));
}

TEST_F(DeliveryTest, ALinkStaysAndItsFileIsReplaced) {
  fs::create_symlink("real.json", folder / "link.json");
  const Delivery wanted{.json_file = file("link.json"), .html_file = {}, .csv_file = {}, .thresholds = {}};
  EXPECT_EQ(cannot_deliver(wanted), std::nullopt);
  EXPECT_EQ(delivered(wanted, {example_result(false)}), 0);
  EXPECT_TRUE(fs::is_symlink(folder / "link.json"));
  EXPECT_EQ(contents(file("real.json")).substr(0, 1), "{");
}

TEST_F(DeliveryTest, TwoReportsDoNotShareAPlace) {
  const std::string one = file("a");
  const auto refused = [](std::string json, std::string html) {
    return cannot_deliver(
        {.json_file = std::move(json), .html_file = std::move(html), .csv_file = {}, .thresholds = {}});
  };
  EXPECT_EQ(refused(one, one), one + ": cannot be both --json and --html");
  EXPECT_EQ(refused("-", "-"), "standard output: cannot be both --json and --html");
  EXPECT_EQ(refused("/dev/null", "/dev/null"), std::nullopt);
  EXPECT_EQ(refused(file("no/such"), ""), "cannot write " + file("no/such") + ": No such file or directory");
  EXPECT_EQ(refused(folder, ""), "cannot write " + folder.string() + ": Is a directory");
  EXPECT_EQ(files(), 0u);
}

}  // namespace
