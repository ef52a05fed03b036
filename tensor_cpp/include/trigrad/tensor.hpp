// The tensor engine, whole.
#pragma once

#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/ops.hpp>
