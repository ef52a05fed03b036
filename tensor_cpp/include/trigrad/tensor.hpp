// The tensor engine, whole.
#pragma once

#include <trigrad/tensor/data.hpp>
#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/nn.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/optim.hpp>
