// A data set for segmentation that needs no download: drawn scenes with a class for every pixel.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/required.hpp>
#include <tapestry/data/datasets/array_dataset.hpp>

namespace tapestry::data {

struct ScenesOptions {
  Required<Split> split;        ///< the two share no scene
  Required<std::int64_t> size;  ///< the number of scenes
  std::uint64_t seed = 0;
  std::int64_t side = 48;  ///< pixels of a row and of a column
  double noise = 0.06;     ///< the most that a pixel is off, black being 0 and white 1
};

/// Pictures in colour, u8 (N, 3, side, side), of one to four figures (see `scene_classes`) that are brighter than their
/// ground and vary in place, size, turn, stretch, colours and pattern, as the ground does, under noise. A figure may
/// lie over the edge of another. Every pixel has the class of the figure that covers at least half of it, the last
/// where there are several. Scene i is a function of (seed, split, i, side, noise) alone; its mask does not depend on
/// the noise.
///
/// The label of a scene is its number, by which its mask is found:
///
///     for (auto [images, labels] : loader) {
///       const Array masks = index_select(scenes.masks(), 0, labels).array();
class Scenes : public ArrayDataset {
 public:
  /// Draws all scenes, on one thread per core. Throws a ValueError when `size` is negative, `side` less than 16 or
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

/// The names of the classes of pixels: ground, circle, triangle, star, heart.
const std::vector<std::string>& scene_classes();

}  // namespace tapestry::data
