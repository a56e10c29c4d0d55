#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tapestry/core/error.hpp>
#include <tapestry/io/safetensors.hpp>

#include "catch.hpp"

namespace test_safetensors {
namespace {

using namespace std::string_literals;
using namespace tapestry;
using namespace tapestry::io;

/// The path of a file that is removed at the end of the test.
class Path {
 public:
  Path() : path_(std::filesystem::temp_directory_path() / ("tapestry_" + std::to_string(getpid()) + ".safetensors")) {}
  ~Path() { std::filesystem::remove(path_); }
  Path(const Path&) = delete;
  Path& operator=(const Path&) = delete;
  operator const std::string&() const { return path_; }  // NOLINT: implicit on purpose

  const std::string& text() const { return path_; }
  std::string read() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& bytes) const { std::ofstream(path_, std::ios::binary) << bytes; }

 private:
  std::string path_;
};

std::string little_endian(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  return bytes;
}

std::string file_of(const std::string& header, const std::string& data) {
  return little_endian(header.size()) + header + data;
}

/// A number of kilobytes in the status of this process, in bytes.
std::int64_t memory_status(const std::string& field) {
  std::int64_t kilobytes = 0;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == field) status >> kilobytes;
  }
  return kilobytes * 1024;
}

/// The error of loading a file, without the path; "" if it loads.
std::string load_error(const Path& path) {
  try {
    load_safetensors(path);
  } catch (const IoError& error) {
    const std::string text = error.what();
    const std::string start = path.text() + ": ";
    REQUIRE(text.starts_with(start));
    return text.substr(start.size());
  }
  return "";
}

/// The error of loading a file with these bytes.
std::string error_of(const std::string& bytes) {
  const Path path;
  path.write(bytes);
  return load_error(path);
}

std::string error_of(const std::string& header, std::size_t data_bytes) {
  return error_of(file_of(header, std::string(data_bytes, '\0')));
}

}  // namespace

TEST_CASE("saved files follow the format byte by byte") {
  // Written by hand from the format's description; 1.5f is 0x3fc00000, -2.0f is 0xc0000000.
  const std::string header = R"({"__metadata__":{"model":"small \"net\""},)"
                             R"("u":{"dtype":"U8","shape":[3],"data_offsets":[16,19]},)"
                             R"("w":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]},)"
                             R"("n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  const std::string expected = file_of(header + padding,
                                       "\xfe\xff\xff\xff\xff\xff\xff\xff"s
                                       "\x00\x00\xc0\x3f\x00\x00\x00\xc0"s
                                       "\x01\x02\xff"s);

  const Path path;
  const NamedArrays arrays = {{"u", Array::from({3}, std::vector<std::uint8_t>{1, 2, 255})},
                              {"w", Array::from({2, 1}, std::vector<float>{1.5F, -2.0F})},
                              {"n", Array::scalar(-2, DType::i64)}};
  save_safetensors(path, arrays, {{"model", "small \"net\""}});
  CHECK(path.read() == expected);

  path.write(expected);
  const NamedArrays loaded = load_safetensors(path);
  REQUIRE(loaded.size() == 3);
  CHECK(loaded[0].first == "u");
  CHECK(loaded[0].second.to_vector<std::uint8_t>() == std::vector<std::uint8_t>{1, 2, 255});
  CHECK(loaded[1].second.shape() == Shape{2, 1});
  CHECK(loaded[1].second.to_vector<float>() == std::vector<float>{1.5F, -2.0F});
  CHECK(loaded[2].second.rank() == 0);
  CHECK(loaded[2].second.item() == -2);
  CHECK(load_safetensors_metadata(path) == Metadata{{"model", "small \"net\""}});
}

TEST_CASE("loading restores order and bits for every dtype and shape") {
  const Path path;
  const std::vector<Shape> shapes = {{}, {0}, {5}, {3, 0, 2}, {2, 3}, {1, 2, 3, 1, 2, 1, 1, 2}};
  NamedArrays saved;
  for (const DType dtype : {DType::u8, DType::f32, DType::i64, DType::f64}) {
    for (const Shape& shape : shapes) {
      Array array = Array::empty(shape, dtype);
      visit_dtype(dtype, [&]<class T>() {
        T* out = array.mutable_data<T>();
        for (std::int64_t i = 0; i < array.numel(); ++i) out[i] = static_cast<T>(7 * i + 1);
      });
      saved.emplace_back(to_string(array) + " \"é\n", array);
    }
  }
  save_safetensors(path, saved);
  const NamedArrays loaded = load_safetensors(path);
  REQUIRE(loaded.size() == saved.size());
  for (std::size_t i = 0; i < saved.size(); ++i) {
    CHECK(loaded[i].first == saved[i].first);
    REQUIRE(to_string(loaded[i].second) == to_string(saved[i].second));
    visit_dtype(saved[i].second.dtype(),
                [&]<class T>() { CHECK(loaded[i].second.to_vector<T>() == saved[i].second.to_vector<T>()); });
  }
  CHECK(load_safetensors_metadata(path).empty());
}

TEST_CASE("arrays in channels_last are written in row-major order") {
  Array image = Array::zeros({2, 3, 2, 2}, DType::f32, MemoryFormat::channels_last);
  Array plain = Array::zeros({2, 3, 2, 2});
  for (std::int64_t i = 0; i < 24; ++i) plain.mutable_data<float>()[i] = static_cast<float>(i);
  image.copy_from(plain);
  const Path path;
  save_safetensors(path, {{"image", image}});
  const std::string bytes = path.read();
  save_safetensors(path, {{"image", plain}});
  CHECK(bytes == path.read());
  const Array loaded = load_safetensors(path)[0].second;
  CHECK(loaded.format() == MemoryFormat::row_major);
  CHECK(loaded.to_vector<float>() == plain.to_vector<float>());
}

TEST_CASE("a file without tensors is valid") {
  const Path path;
  save_safetensors(path, {});
  CHECK(path.read() == file_of("{}      ", ""));
  CHECK(load_safetensors(path).empty());
}

TEST_CASE("saving rejects names that the format does not allow") {
  const Path path;
  const Array array = Array::zeros({2});
  CHECK_THROWS_WITH(save_safetensors(path, {{"a", array}, {"a", array}}),
                    "save_safetensors: the name \"a\" is given twice");
  CHECK_THROWS_WITH(save_safetensors(path, {{"__metadata__", array}}),
                    "save_safetensors: the name \"__metadata__\" is reserved by the format");
  CHECK_THROWS_WITH(save_safetensors(path, {{"a", Array()}}), "save_safetensors: the array \"a\" is undefined");
  CHECK_THROWS_AS(save_safetensors(path, {{"\xff", array}}), ValueError);
  CHECK_THROWS_WITH(save_safetensors(path, {{std::string(65'537, 'n'), array}}),
                    "save_safetensors: a name is 65537 bytes long, at most 65536 are allowed");
  CHECK_THROWS_WITH(save_safetensors(path, {}, {{std::string(65'537, 'n'), "text"}}),
                    "save_safetensors: a name is 65537 bytes long, at most 65536 are allowed");
  CHECK_THROWS_WITH(save_safetensors(path, NamedArrays(500'001, {"a", array})),
                    "save_safetensors: expected at most 500000 arrays and metadata texts, got 500001");
  CHECK_FALSE(std::filesystem::exists(path.text()));
}

TEST_CASE("names of the greatest length are saved and loaded and longer ones are errors") {
  const Path path;
  const std::string longest(65'536, 'n');
  save_safetensors(path, {{longest, Array::zeros({2})}}, {{longest, "text"}});
  CHECK(load_safetensors(path).at(0).first == longest);
  CHECK(load_safetensors_metadata(path).at(longest) == "text");
  CHECK(error_of("{\"" + longest + "n\":3}", 0) ==
        "safetensors: the name \"" + longest.substr(0, 100) + "… (65537 bytes)\" is longer than 65536 bytes");
}

TEST_CASE("slow: the greatest number of names is saved and loaded and one more is an error") {
  const Path path;
  NamedArrays arrays;
  const Array nothing = Array::zeros({0}, DType::u8);
  for (int i = 0; i < 499'999; ++i) arrays.emplace_back(std::to_string(i), nothing);
  save_safetensors(path, arrays, {{"a", "text"}});
  CHECK(load_safetensors(path).size() == arrays.size());
  std::string bytes = path.read();
  const std::string first = R"("a":"text")";
  bytes.replace(bytes.find(first), first.size(), R"("a":"","b":"")");
  bytes.resize(bytes.find_last_of('}') + 1);
  path.write(file_of(bytes.substr(8), ""));
  CHECK(load_error(path) == "safetensors: expected at most 500000 tensors and metadata texts");
}

TEST_CASE("slow: a header of the greatest length is saved and loaded and a longer one is an error") {
  constexpr std::size_t most = 100'000'000;
  const Path path;
  const std::size_t around = std::string(R"({"__metadata__":{"a":""}})").size();
  const std::string text(most - around, 't');
  save_safetensors(path, {}, {{"a", text}});
  CHECK(path.read().size() == 8 + most);
  CHECK(load_safetensors_metadata(path).at("a") == text);
  CHECK_THROWS_WITH(save_safetensors(path, {}, {{"a", text + "t"}}),
                    "save_safetensors: the header is 100000008 bytes long, at most 100000000 are allowed");
}

TEST_CASE("errors name a path that is missing or not a regular file") {
  CHECK_THROWS_WITH(load_safetensors("/missing/a"), "/missing/a: cannot read: No such file or directory");
  CHECK_THROWS_WITH(load_safetensors("/tmp"), "/tmp: cannot read: Is a directory");
  CHECK_THROWS_AS(load_safetensors("/dev/null"), IoError);
}

TEST_CASE("a header that is too long or not JSON is an error") {
  CHECK(error_of("1234567") == "safetensors: expected at least 8 bytes, got 7");
  CHECK(error_of(little_endian(3) + "{}") == "safetensors: the header ends at byte 11, the file at 10");
  CHECK(error_of(little_endian(100'000'001) + "{}") ==
        "safetensors: the header is 100000001 bytes long, at most 100000000 are allowed");
  CHECK_THAT(error_of(little_endian(~std::uint64_t{0}) + "{}"), ContainsSubstring("18446744073709551615 bytes"));
  CHECK(error_of("", 0) == "safetensors: the header does not begin with '{'");
  CHECK(error_of(" {}", 0) == "safetensors: the header does not begin with '{'");
  CHECK(error_of("{\"a\" 1}", 0) == "safetensors: the header is not JSON: error at byte 6");
  CHECK_THAT(error_of("{} {}", 0), ContainsSubstring("not JSON"));
  CHECK_THAT(error_of("{\"\xff\":{}}", 0), ContainsSubstring("not JSON"));
  CHECK_THAT(error_of("{"s + std::string(5, '\0'), 0), ContainsSubstring("not JSON"));
  CHECK(error_of("{}   ", 0).empty());
}

TEST_CASE("duplicate names are an error") {
  const std::string tensor = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  CHECK(error_of("{\"a\":" + tensor + ",\"a\":" + tensor + "}", 1) == "safetensors: the name \"a\" is given twice");
  CHECK(error_of(R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"dtype\" is given twice");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[],"shape":[1],"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"shape\" is given twice");
  CHECK(error_of(R"({"__metadata__":{"k":"1","k":"2"}})", 0) ==
        "safetensors: __metadata__: the field \"k\" is given twice");
  CHECK(error_of(R"({"__metadata__":{},"__metadata__":{}})", 0) ==
        "safetensors: the name \"__metadata__\" is given twice");
}

TEST_CASE("missing fields and fields of the wrong type are an error") {
  CHECK(error_of(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"dtype\" is missing");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"data_offsets\" is missing");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1) ==
        "safetensors: tensor \"a\": unknown field \"x\"");
  CHECK(error_of(R"({"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}})", 2) ==
        "safetensors: tensor \"a\": the dtype \"BF16\" is not one of F32, F64, I64 and U8");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"shape\" cannot be -1");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"shape\" cannot be 1.5");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"shape\" cannot be a list");
  CHECK(error_of(R"({"a":{"dtype":1,"shape":[1],"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"dtype\" cannot be 1");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":null,"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"shape\" cannot be null");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", 1) ==
        "safetensors: tensor \"a\": expected 2 data_offsets, got 1");
  CHECK(error_of(R"({"a":3})", 0) == "safetensors: tensor \"a\": the value cannot be 3");
  CHECK(error_of(R"({"__metadata__":{"k":1}})", 0) == "safetensors: __metadata__: the field \"k\" cannot be 1");
  CHECK_THAT(error_of("{\"a\":{\"shape\":" + std::string(100'000, '['), 0), ContainsSubstring("cannot be a list"));
}

TEST_CASE("shapes that overflow are an error before any allocation") {
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0) ==
        "safetensors: tensor \"a\": shape: the number of elements of [4294967296, 4294967296] overflows int64");
  CHECK(error_of(R"({"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0) ==
        "safetensors: tensor \"a\": the bytes of F64[2305843009213693952] overflow int64");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,0]}})", 0) ==
        "safetensors: tensor \"a\": the field \"shape\" cannot be 18446744073709551615");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1) ==
        "safetensors: tensor \"a\": the field \"shape\": expected at most 8 numbers");
  CHECK(error_of(R"({"a":{"dtype":"U8","shape":[1000000000000],"data_offsets":[0,1000000000000]}})", 4) ==
        "safetensors: the tensors require 1000000000000 bytes, the file has 4: it is truncated");
}

TEST_CASE("slow: a long header takes little memory and its error message is short") {
  constexpr std::size_t length = 90'000'000;
  const auto repeated = [](const auto& part) {
    std::string text;
    for (int i = 0; text.size() < length; ++i) text += part(i);
    return text;
  };
  const auto ones = [](int) { return std::string("1,"); };
  const std::vector<std::string> headers = {
      "{\"" + std::string(length, 'x') + "\":3}",
      "{\"" + std::string(length, 'x'),
      "{\"a\":{\"dtype\":\"" + repeated([](int) { return std::string("\\u0001"); }) +
          "\",\"shape\":[],\"data_offsets\":[0,0]}}",
      "{\"a\":{\"shape\":[" + repeated(ones) + "1]}}",
      "{\"a\":{\"data_offsets\":[" + repeated(ones) + "1]}}",
      "{\"a\":{\"shape\":[1." + std::string(length, '0') + "]}}",
      "{\"__metadata__\":{" + repeated([](int i) { return fmt::format("\"{}\":\"\",", i); }) + "\"\":\"\"}}",
      "{" + repeated([](int i) {
        return fmt::format(R"("{}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}},)", i);
      }) + "\"\":3}"};
  for (const std::string& header : headers) {
    INFO(header.substr(0, 60));
    const Path path;
    path.write(file_of(header, ""));
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::ofstream("/proc/self/clear_refs") << "5";  // resets the peak
      const std::int64_t before = memory_status("VmRSS:");
      const std::string said = load_error(path);
      const std::int64_t taken = memory_status("VmHWM:") - before;
      // The text itself and its longest string, twice, with space to grow; after a syntax error the parser's message,
      // too.
      const bool is_small = taken < 6 * static_cast<std::int64_t>(length);
      _exit(said.empty() ? 1 : said.size() > 1000 ? 2 : is_small ? 0 : 3);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
}

TEST_CASE("offsets must cover the data without gaps and overlaps") {
  const auto two = [](const std::string& first, const std::string& second, std::size_t bytes) {
    return error_of(R"({"a":{"dtype":"U8",)" + first + R"(},"b":{"dtype":"U8",)" + second + "}}", bytes);
  };
  const std::string a = R"("shape":[4],"data_offsets":[0,4])";
  CHECK(two(a, R"("shape":[2],"data_offsets":[4,6])", 6).empty());
  CHECK(two(R"("shape":[2],"data_offsets":[4,6])", a, 6).empty());
  CHECK(two(a, R"("shape":[2],"data_offsets":[5,7])", 7) ==
        "safetensors: tensor \"b\": its data [5, 7] leave a gap after byte 4");
  CHECK(two(a, R"("shape":[2],"data_offsets":[3,5])", 5) ==
        "safetensors: tensor \"b\": its data [3, 5] overlap the previous tensor, which ends at byte 4");
  CHECK(two(a, R"("shape":[2],"data_offsets":[4,6])", 8) == "safetensors: the tensors require 6 bytes, the file has 8");
  CHECK(two(a, R"("shape":[2],"data_offsets":[4,6])", 5) ==
        "safetensors: the tensors require 6 bytes, the file has 5: it is truncated");
  CHECK(two(a, R"("shape":[2],"data_offsets":[6,4])", 6) ==
        "safetensors: tensor \"b\": U8[2] requires 2 bytes, but data_offsets are [6, 4]");
  CHECK(two(a, R"("shape":[3],"data_offsets":[4,6])", 6) ==
        "safetensors: tensor \"b\": U8[3] requires 3 bytes, but data_offsets are [4, 6]");
}

TEST_CASE("the offsets of an empty tensor must lie between its neighbors") {
  const auto with_empty_at = [](const std::string& offsets) {
    return error_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                    R"("b":{"dtype":"F32","shape":[0,3],"data_offsets":)" +
                        offsets + "}}",
                    4);
  };
  CHECK(with_empty_at("[0,0]").empty());
  CHECK(with_empty_at("[4,4]").empty());
  CHECK_THAT(with_empty_at("[2,2]"), ContainsSubstring("tensor \"b\": its data [2, 2] overlap"));
  CHECK_THAT(with_empty_at("[8,8]"), ContainsSubstring("tensor \"b\": its data [8, 8] leave a gap"));
  CHECK_THAT(with_empty_at("[4,5]"), ContainsSubstring("F32[0, 3] requires 0 bytes, but data_offsets are [4, 5]"));
}

TEST_CASE("every truncation of a file is an error") {
  const Path path;
  save_safetensors(path, {{"a", Array::zeros({3})}, {"b", Array::zeros({2}, DType::i64)}});
  const std::string whole = path.read();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO("length " << length);
    CHECK_FALSE(error_of(whole.substr(0, length)).empty());
  }
}

}  // namespace test_safetensors
