// Accessors of temporary data sets and iterators do not return references into them.
#include <type_traits>
#include <utility>

#include <tapestry/data/datasets/array_dataset.hpp>
#include <tapestry/data/datasets/scenes.hpp>
#include <tapestry/data/loader.hpp>

#include "catch.hpp"

namespace test_lifetimes {

using namespace tapestry;

namespace {

using Iterator = data::Loader::Iterator;
static_assert(std::is_same_v<decltype(*std::declval<const Iterator&>()), const data::Batch&>);
static_assert(std::is_same_v<decltype(*std::declval<Iterator>()), data::Batch>);

using data::ArrayDataset;
static_assert(std::is_same_v<decltype(std::declval<const ArrayDataset&>().images()), const Array&>);
static_assert(std::is_same_v<decltype(std::declval<ArrayDataset>().images()), Array>);
static_assert(std::is_same_v<decltype(std::declval<ArrayDataset>().labels()), Array>);
static_assert(std::is_same_v<decltype(std::declval<data::Scenes>().masks()), Array>);

}  // namespace

TEST_CASE("the first batch of a loader and the images of a temporary data set may be kept by reference") {
  const ArrayDataset dataset(Array::full({4, 1, 2, 2}, 0.5), Array::zeros({4}, DType::i64));
  data::Loader loader(dataset, {.batch_size = 2});
  const data::Batch& batch = *loader.begin();
  REQUIRE(batch.images.at({1, 0, 1, 1}) == 0.5);
  const Array& images = ArrayDataset(Array::full({4, 1, 2, 2}, 0.5), Array::zeros({4}, DType::i64)).images();
  REQUIRE(images.at({3, 0, 1, 1}) == 0.5);
}

}  // namespace test_lifetimes
