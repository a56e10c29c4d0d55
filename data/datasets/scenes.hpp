// A generated data set for segmentation: scenes with a class for every pixel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/required.hpp>
#include <tapestry/data/datasets/array_dataset.hpp>

namespace tapestry::data {

struct ScenesOptions {
  Required<Split> split;        ///< the two splits have no scene in common
  Required<std::int64_t> size;  ///< the number of scenes
  std::uint64_t seed = 0;
  std::int64_t side = 48;  ///< height and width in pixels
  double noise = 0.06;     ///< the maximum deviation of a pixel, where black is 0 and white is 1
};

/// Color images, u8 (N, 3, side, side), of one to four figures (see `scene_classes`) on a background, with noise.
/// Figures are brighter than the background and vary in position, size, rotation, stretch, colors and pattern;
/// backgrounds vary as well. Figures may overlap. Every pixel has the class of the figure that covers at least half of
/// it, the last one if there are several. Scene i is a function of (seed, split, i, side, noise); its mask does not
/// depend on the noise.
///
/// The label of a scene is its index, which selects its mask:
///
///     for (auto [images, labels] : loader) {
///       const Array masks = index_select(scenes.masks(), 0, labels).array();
class Scenes : public ArrayDataset {
 public:
  /// Generates all scenes, on one thread per core. Throws a ValueError when `size` is negative, `side` less than 16 or
  /// `noise` negative or not finite.
  explicit Scenes(const ScenesOptions& options);

  /// The classes of all pixels, i64 (N, side, side).
  const Array& masks() const& { return masks_; }
  Array masks() const&& { return masks_; }

 private:
  struct Drawn;
  explicit Scenes(Drawn drawn);

  Array masks_;
};

/// The names of the pixel classes: background, circle, triangle, star, heart.
const std::vector<std::string>& scene_classes();

}  // namespace tapestry::data
