#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>

#include <tapestry/core/error.hpp>
#include <tapestry/data/datasets/array_dataset.hpp>
#include <tapestry/data/datasets/cifar10.hpp>
#include <tapestry/data/datasets/image_folder.hpp>
#include <tapestry/data/datasets/open_dataset.hpp>
#include <tapestry/data/image/image.hpp>

#include "catch.hpp"
#include "skip.hpp"
#include "temporary_folder.hpp"

namespace test_datasets {

using namespace tapestry;
using namespace tapestry::data;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// A CIFAR-10 record: red counts up along the pixels, green is `label`, blue is 7.
Bytes record(std::uint8_t label) {
  Bytes bytes = {label};
  for (int i = 0; i < 1024; ++i) bytes.push_back(static_cast<std::uint8_t>(i % 251));
  bytes.insert(bytes.end(), 1024, label);
  bytes.insert(bytes.end(), 1024, 7);
  return bytes;
}

Bytes records(const std::vector<std::uint8_t>& labels) {
  Bytes bytes;
  for (const std::uint8_t label : labels) {
    const Bytes one = record(label);
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  return bytes;
}

void put_image(const std::filesystem::path& path, std::uint8_t gray, std::int64_t height = 2, std::int64_t width = 3) {
  std::filesystem::create_directories(path.parent_path());
  write_png(path, Array::full({3, height, width}, gray, DType::u8));
}

/// The gray value of every image, in order.
std::vector<int> grays(const ArrayDataset& dataset) {
  std::vector<int> result;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    result.push_back(static_cast<int>(dataset.get(i).image.at({0, 0, 0})));
  }
  return result;
}

}  // namespace

TEST_CASE("array data sets return copies of their images with labels") {
  const Array images = Array::from({2, 2, 1, 2}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
  const ArrayDataset dataset(images, Array::from({2}, std::vector<std::int64_t>{4, 9}));
  CHECK(dataset.size() == 2);
  CHECK(dataset.class_names().empty());
  Sample sample = dataset.get(1);
  CHECK(sample.label == 9);
  CHECK(sample.image.shape() == Shape{2, 1, 2});
  CHECK(sample.image.to_vector<float>() == std::vector<float>{5, 6, 7, 8});
  sample.image.fill(0);
  CHECK(dataset.get(1).image.to_vector<float>() == std::vector<float>{5, 6, 7, 8});
  CHECK_THROWS_WITH(dataset.get(2), "dataset: index 2 is outside [0, 2)");
  CHECK_THROWS_WITH(dataset.get(-1), "dataset: index -1 is outside [0, 2)");
}

TEST_CASE("array data sets report mismatched arrays") {
  const Array images = Array::zeros({2, 3, 4, 4});
  const Array labels = Array::from({2}, std::vector<std::int64_t>{0, 3});
  CHECK_THROWS_WITH(ArrayDataset(Array::zeros({3, 4, 4}), labels),
                    "array_dataset: expected images (N, C, H, W), got f32[3, 4, 4]");
  CHECK_THROWS_WITH(ArrayDataset(Array{}, labels), "array_dataset: expected images (N, C, H, W), got undefined");
  CHECK_THROWS_WITH(ArrayDataset(images.to(DType::f64), labels),
                    "array_dataset: expected images of u8 or f32, got f64[2, 3, 4, 4]");
  CHECK_THROWS_WITH(ArrayDataset(images, labels.slice(0, 1)),
                    "array_dataset: expected labels [2] (images [2, 3, 4, 4]), got i64[1]");
  CHECK_THROWS_WITH(ArrayDataset(images, Array::zeros({2})), "array_dataset: expected labels of i64, got f32[2]");
  CHECK_THROWS_WITH(ArrayDataset(images, labels, {"a", "b"}),
                    "array_dataset: expected labels of 0 to 1 (2 class names), got 3 at index 1");
}

TEST_CASE("cifar10 converts color planes to images") {
  const TemporaryFolder folder;
  for (std::uint8_t i = 1; i <= 5; ++i) {
    put_file(folder.path() / ("data_batch_" + std::to_string(i) + ".bin"), records({i, 0}));
  }
  put_file(folder.path() / "test_batch.bin", record(9));
  const Cifar10 train(folder.path(), Split::train);
  REQUIRE(train.size() == 10);
  const Sample sample = train.get(4);
  CHECK(sample.label == 3);
  CHECK(sample.image.shape() == Shape{3, 32, 32});
  CHECK(sample.image.dtype() == DType::u8);
  CHECK(sample.image.format() == MemoryFormat::channels_last);
  CHECK(sample.image.at({0, 2, 5}) == 2 * 32 + 5);
  CHECK(sample.image.at({1, 31, 31}) == 3);
  CHECK(sample.image.at({2, 0, 0}) == 7);
  CHECK(train.class_names().empty());

  const Cifar10 test(folder.path(), Split::test);
  CHECK(test.size() == 1);
  CHECK(test.get(0).label == 9);
}

TEST_CASE("cifar10 reads the class names from batches.meta.txt") {
  const TemporaryFolder folder;
  put_file(folder.path() / "test_batch.bin", record(1));
  put_file(folder.path() / "batches.meta.txt", std::string("a\nb\nc\nd\ne\nf\r\ng\nh\ni\nj\n\n"));
  const auto names = Cifar10(folder.path(), Split::test).class_names();
  CHECK(names == std::vector<std::string>{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"});
  put_file(folder.path() / "batches.meta.txt", std::string("a\nb\n"));
  CHECK_THROWS_WITH(Cifar10(folder.path(), Split::test),
                    "cifar10: " + folder.path().string() + "/batches.meta.txt: expected 10 names, got 2");
}

TEST_CASE("cifar10 errors name the file and the problem") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "test_batch.bin";
  const std::string name = "cifar10: " + file.string();
  const auto open = [&] { return Cifar10(folder.path(), Split::test); };

  CHECK_THROWS_WITH(open(), "cifar10: cannot read " + file.string() + ": No such file or directory");
  CHECK_THROWS_AS(open(), IoError);
  put_file(file, Bytes{});
  CHECK_THROWS_WITH(open(), name +
                                ": expected a multiple of 3073 bytes (records of 1 label and 3072 pixel "
                                "values), got 0 bytes (0 records and 0 bytes)");
  Bytes bytes = records({1, 2});
  bytes.pop_back();
  put_file(file, bytes);
  CHECK_THROWS_WITH(open(), name +
                                ": expected a multiple of 3073 bytes (records of 1 label and 3072 pixel "
                                "values), got 6145 bytes (1 records and 3072 bytes)");
  put_file(file, records({1, 9, 10, 255}));
  CHECK_THROWS_WITH(open(), name + ": record 2: expected a label of 0 to 9, got 10");
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  CHECK_THROWS_WITH(open(), "cifar10: cannot read " + file.string() + ": it is a directory");
}

TEST_CASE("cifar10 refuses large files and names that are not a regular file") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "test_batch.bin";
  put_file(file, record(1));
  const auto open = [&] { return Cifar10(folder.path(), Split::test); };
  CHECK(open().size() == 1);
  const auto names = folder.path() / "batches.meta.txt";
  REQUIRE(mkfifo(names.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(open(), "cifar10: cannot read " + names.string() + ": it is not a regular file");
  std::filesystem::remove(names);
  put_file(names, std::string(100'001, 'x'));
  CHECK_THROWS_WITH(open(), "cifar10: " + names.string() + ": 100001 bytes exceed the limit of 100000");
  std::filesystem::remove(names);
  std::filesystem::resize_file(file, std::uintmax_t{1} << 40);
  CHECK_THROWS_WITH(open(), "cifar10: " + file.string() + ": 1099511627776 bytes exceed the limit of 307300000");
}

TEST_CASE("open_dataset refuses images that the caller does not accept") {
  const TemporaryFolder folder;
  const std::string dir = folder.path().string();
  for (const char* split : {"train", "test"}) {
    for (const char* name : {"cat", "cow", "dog"}) put_image(folder.path() / split / name / "1.png", 1, 2, 3);
  }
  const auto open = [&](const AcceptedImages& accepted) { return open_dataset(dir, Split::test, accepted); };
  CHECK(open({})->size() == 3);
  CHECK(open({.max_classes = 3})->size() == 3);
  CHECK_THROWS_WITH(open({.max_classes = 2}),
                    "open_dataset: " + dir + ": expected at most 2 classes, got 3 (3 test images)");
  for (const std::int64_t side : {2, 3}) {
    const std::string size = std::to_string(side);
    CHECK_THROWS_WITH(open({.side = side}), "open_dataset: " + dir + ": expected images of " + size + " x " + size +
                                                " pixels, got 3 x 2 (3 test images)");
  }
}

TEST_CASE("a folder that cannot be searched is reported with the reason") {
  const TemporaryFolder folder;
  const std::string loop = (folder.path() / "loop").string();
  std::filesystem::create_symlink("loop", loop);
  CHECK_THROWS_WITH(open_dataset(loop, Split::test),
                    "open_dataset: cannot read " + loop + "/data_batch_1.bin: Too many levels of symbolic links");
}

TEST_CASE("image folders label by sorted class and order files naturally") {
  const TemporaryFolder folder;
  put_image(folder.path() / "dog" / "10.PNG", 10);
  put_image(folder.path() / "dog" / "2.png", 2);
  put_image(folder.path() / "dog" / "a1.png", 30);
  put_image(folder.path() / "dog" / "02.png", 1);
  put_image(folder.path() / "cat" / "img12b.png", 12);
  put_image(folder.path() / "cat" / "img9b.png", 9);
  put_file(folder.path() / "cat" / "notes.txt", std::string("ignored"));
  put_file(folder.path() / "cat" / ".hidden.png", std::string("ignored"));
  put_file(folder.path() / "README", std::string("ignored"));
  std::filesystem::create_directory(folder.path() / ".git");
  const ImageFolder dataset(folder.path());
  CHECK(dataset.class_names() == std::vector<std::string>{"cat", "dog"});
  CHECK(grays(dataset) == std::vector<int>{9, 12, 1, 2, 10, 30});
  CHECK(dataset.labels().to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 0, 1, 1, 1, 1});
  CHECK(dataset.images().shape() == Shape{6, 3, 2, 3});
}

TEST_CASE("image folders report what is missing") {
  const TemporaryFolder folder;
  const std::string dir = folder.path().string();
  CHECK_THROWS_WITH(ImageFolder(folder.path() / "none"),
                    "image_folder: cannot read " + dir + "/none: No such file or directory");
  CHECK_THROWS_WITH(ImageFolder(folder.path()),
                    "image_folder: " + dir + ": expected a folder of images per class, found no folders");
  std::filesystem::create_directory(folder.path() / "cat");
  CHECK_THROWS_WITH(ImageFolder(folder.path()),
                    "image_folder: " + dir + "/cat: expected .png, .jpg or .jpeg files, found none");
}

TEST_CASE("image folders report the first mismatched file") {
  const TemporaryFolder folder;
  const std::string dir = folder.path().string();
  for (int i = 0; i < 40; ++i) put_image(folder.path() / "cat" / (std::to_string(i) + ".png"), 5);
  put_image(folder.path() / "cat" / "7.png", 5, 4, 6);
  put_image(folder.path() / "cat" / "31.png", 5, 4, 6);
  CHECK_THROWS_WITH(ImageFolder(folder.path()), "image_folder: " + dir + "/cat/7.png: expected 3 x 2 pixels as in " +
                                                    dir + "/cat/0.png, got 6 x 4");
  put_file(folder.path() / "cat" / "5.png", Bytes{});
  CHECK_THROWS_WITH(ImageFolder(folder.path()), "read_image: " + dir + "/cat/5.png: the file is empty");
}

TEST_CASE("open_dataset accepts both layouts") {
  const TemporaryFolder folder;
  const std::string dir = folder.path().string();
  CHECK_THROWS_WITH(open_dataset(folder.path(), Split::test),
                    "open_dataset: " + dir +
                        ": expected the CIFAR-10 binaries (data_batch_1.bin to data_batch_5.bin and "
                        "test_batch.bin), or folders train and test with a folder of images per class");
  put_image(folder.path() / "train" / "cat" / "1.png", 1);
  put_image(folder.path() / "train" / "dog" / "1.png", 2);
  put_image(folder.path() / "test" / "dog" / "1.png", 3);
  CHECK_THROWS_WITH(open_dataset(folder.path(), Split::test), "open_dataset: expected the same classes in " + dir +
                                                                  "/train (cat, dog) and " + dir + "/test (dog)");
  put_image(folder.path() / "test" / "cat" / "1.png", 4);
  const auto test = open_dataset(folder.path(), Split::test);
  CHECK(test->size() == 2);
  CHECK(test->get(0).image.at({0, 0, 0}) == 4);
  CHECK(open_dataset(folder.path(), Split::train)->get(1).image.at({0, 0, 0}) == 2);

  put_file(folder.path() / "test_batch.bin", record(6));
  CHECK(open_dataset(folder.path(), Split::test)->get(0).label == 6);
}

// CIFAR10_ROOT is the folder of the binaries; a folder cifar10-jpeg next to it contains the same images as files.
TEST_CASE("cifar10 reads the same images from binaries and from files") {
  const char* root = std::getenv("CIFAR10_ROOT");
  if (root == nullptr) SKIP_TEST("CIFAR10_ROOT is not set");
  const Cifar10 binaries(root, Split::test);
  CHECK(binaries.size() == 10000);
  CHECK(binaries.class_names().at(9) == "truck");
  const auto files = std::filesystem::path(root) / ".." / "cifar10-jpeg" / "test";
  if (!std::filesystem::exists(files)) SKIP_TEST("there is no folder cifar10-jpeg next to CIFAR10_ROOT");
  const ImageFolder folder(files);
  REQUIRE(folder.size() == binaries.size());
  CHECK(folder.class_names() == binaries.class_names());
  // The files of a class are numbered by their position among all records.
  std::vector<std::int64_t> by_class;
  for (std::int64_t label = 0; label < 10; ++label) {
    for (std::int64_t i = 0; i < binaries.size(); ++i) {
      if (binaries.labels().data<std::int64_t>()[i] == label) by_class.push_back(i);
    }
  }
  std::int64_t different_labels = 0;
  std::int64_t total = 0;
  int most = 0;
  for (std::int64_t i = 0; i < folder.size(); ++i) {
    const Sample a = folder.get(i);
    const Sample b = binaries.get(by_class[static_cast<std::size_t>(i)]);
    different_labels += a.label != b.label ? 1 : 0;
    for (std::int64_t j = 0; j < a.image.numel(); ++j) {
      const int difference = std::abs(a.image.data<std::uint8_t>()[j] - b.image.data<std::uint8_t>()[j]);
      most = std::max(most, difference);
      total += difference;
    }
  }
  CHECK(different_labels == 0);
  // Decoders may differ by one in the inverse transform of each component, and color conversion multiplies a chroma
  // step by up to 1.772: 1 + 1.772 plus rounding is below 4.
  CHECK(most <= 4);
  CHECK(static_cast<double>(total) / static_cast<double>(binaries.images().numel()) < 0.5);
}

}  // namespace test_datasets
