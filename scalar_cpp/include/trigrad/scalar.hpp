// scalar_cpp: the micrograd-style engine, header-only. Include this; start reading at scalar/value.hpp.
#pragma once

#include <trigrad/scalar/collect.hpp>
#include <trigrad/scalar/nn.hpp>
#include <trigrad/scalar/optim.hpp>
#include <trigrad/scalar/random.hpp>
#include <trigrad/scalar/tape.hpp>
#include <trigrad/scalar/value.hpp>
