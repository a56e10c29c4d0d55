#include <atomic>
#include <utility>

#include <tapestry/autograd/node.hpp>

namespace tapestry {
namespace {

struct Counters {
  std::atomic<std::uint64_t> positions = 0;
  std::atomic<std::int64_t> live_nodes = 0;
  std::atomic<std::int64_t> saved_bytes = 0;
};

Counters& counters() {
  static Counters all;
  return all;
}

}  // namespace

Node::Node(std::vector<std::shared_ptr<Node>> inputs, const Shape& shape, DType dtype)
    : inputs_(std::move(inputs)),
      shape_(shape),
      dtype_(dtype),
      layer_(detail::current_layer()),
      position_(counters().positions.fetch_add(1, std::memory_order_relaxed)) {
  counters().live_nodes.fetch_add(1, std::memory_order_relaxed);
}

Node::~Node() {
  counters().live_nodes.fetch_sub(1, std::memory_order_relaxed);
}

void Node::set_result(const Shape& shape, DType dtype) {
  shape_ = shape;
  dtype_ = dtype;
}

// Deleting a node releases its inputs and saved tensors, whose nodes arrive here in turn: they are queued, and the
// outermost call deletes them. The queue consists of plain pointers because it must outlive all other thread-local
// objects.
void bury(Node* node) noexcept {
  thread_local Node* queue = nullptr;
  thread_local bool burying = false;
  node->next_buried_ = std::exchange(queue, node);
  if (burying) return;
  burying = true;
  while (queue != nullptr) {
    Node* first = std::exchange(queue, queue->next_buried_);
    delete first;
  }
  burying = false;
}

std::shared_ptr<Node>& detail::current_node_slot() {
  thread_local std::shared_ptr<Node> node;
  return node;
}

const std::shared_ptr<Node>& current_node() {
  return detail::current_node_slot();
}

TapeStatistics tape_statistics() {
  return {.live_nodes = counters().live_nodes.load(std::memory_order_relaxed),
          .saved_bytes = counters().saved_bytes.load(std::memory_order_relaxed)};
}

void count_saved_bytes(std::int64_t bytes) noexcept {
  counters().saved_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

}  // namespace tapestry
