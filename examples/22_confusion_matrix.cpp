// 22: a confusion matrix shows which classes a network confuses, where the accuracy is only one number. Prints the
// accuracy of each class and the most frequent mistake: a partly trained network classifies pentagons as circles.
#include <fmt/format.h>

#include <tapestry/viz/confusion_matrix.hpp>

#include "lesson/figures_network.hpp"

using namespace tapestry;

namespace {

Array true_labels(const data::Dataset& images) {
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < images.size(); ++i) labels.push_back(images.get(i).label);
  return Array::from({images.size()}, labels);
}

/// Prints the accuracy of each class; returns the overall accuracy.
double print_shares(Lesson& lesson, const Array& counts, const std::vector<std::string>& names) {
  lesson.part("Accuracy by class");
  double right = 0, all = 0;
  for (std::int64_t row = 0; row < counts.size(0); ++row) {
    double of_class = 0;
    for (std::int64_t column = 0; column < counts.size(1); ++column) of_class += counts.at({row, column});
    lesson.say(fmt::format("  {:<12} {:>5.1f} %", names[static_cast<std::size_t>(row)],
                           100 * counts.at({row, row}) / of_class));
    right += counts.at({row, row});
    all += of_class;
  }
  lesson.say(fmt::format("  {:<12} {:>5.1f} %", "all", 100 * right / all));
  return right / all;
}

void print_worst(Lesson& lesson, const Array& counts, const std::vector<std::string>& names) {
  std::int64_t truth = 0, taken_for = 1;
  for (std::int64_t row = 0; row < counts.size(0); ++row) {
    for (std::int64_t column = 0; column < counts.size(1); ++column) {
      if (row == column || counts.at({row, column}) <= counts.at({truth, taken_for})) continue;
      truth = row;
      taken_for = column;
    }
  }
  lesson.say(fmt::format("Most frequent mistake: {} classified as {}, {} times.",
                         names[static_cast<std::size_t>(truth)], names[static_cast<std::size_t>(taken_for)],
                         counts.at({truth, taken_for})));
}

void run(Lesson& lesson, const std::string& folder) {
  const auto images = lesson_images(folder, data::Split::test);
  // On generated shapes, use a partly trained network, because a fully trained one makes almost no mistakes.
  const auto model = trained_network(lesson, folder, folder.empty());
  const auto names = class_names(*images);
  const Array predicted = Array::from({images->size()}, predictions(*model, *images));
  const Array counts = viz::confusion_counts(true_labels(*images), predicted, 10);
  const double accuracy = print_shares(lesson, counts, names);
  print_worst(lesson, counts, names);
  lesson.picture("22_confusion_matrix.png", viz::confusion_matrix(counts, names));
  const double bound = folder.empty() ? 0.6 : 0.4;
  lesson.holds(fmt::format("the accuracy exceeds {:.0f} %", 100 * bound), accuracy > bound);
  lesson.learned("look at the mistakes before you look for a better network.");
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  return run_lesson(argc, argv, "22: a confusion matrix", [&](Lesson& lesson) { run(lesson, folder); },
                    {{"--data", &folder, "Folder with 32 x 32 images, in the layouts of train_cifar10 --data"}});
}
