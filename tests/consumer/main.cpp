// A minimal program: a layer, a forward and a backward pass.
#include <iostream>

#include <tapestry/tapestry.hpp>

int main() {
  using namespace tapestry;
  nn::Conv2d conv({.in_channels = 3, .out_channels = 4, .kernel_size = 3, .padding = 1});
  const Tensor images = Array::full({2, 3, 8, 8}, 1);
  sum(relu(conv(images))).backward();
  const Tensor gradient = conv.parameters().front().grad();
  std::cout << "the weight has a gradient of " << gradient.numel() << " elements\n";
  return gradient.numel() == 4 * 3 * 3 * 3 ? 0 : 1;
}
