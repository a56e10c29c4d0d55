// All of Tapestry: `#include <tapestry/tapestry.hpp>`.
#pragma once

#include <tapestry/autograd/backward.hpp>
#include <tapestry/autograd/gradcheck.hpp>
#include <tapestry/autograd/mode.hpp>
#include <tapestry/autograd/ops/activation.hpp>
#include <tapestry/autograd/ops/arithmetic.hpp>
#include <tapestry/autograd/ops/conv.hpp>
#include <tapestry/autograd/ops/dropout.hpp>
#include <tapestry/autograd/ops/loss.hpp>
#include <tapestry/autograd/ops/matmul.hpp>
#include <tapestry/autograd/ops/reduction.hpp>
#include <tapestry/autograd/ops/shape.hpp>
#include <tapestry/autograd/tensor.hpp>
#include <tapestry/core/allocator.hpp>
#include <tapestry/core/array.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/core/threads.hpp>
