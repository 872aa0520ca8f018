#pragma once
// Everything of the target weft::weft.
#include <weft/blocking.hpp>
#include <weft/cancel.hpp>
#include <weft/deadline.hpp>
#include <weft/errors.hpp>
#include <weft/future.hpp>
#include <weft/inspect.hpp>
#include <weft/metrics.hpp>
#include <weft/runtime.hpp>
#include <weft/simulation.hpp>
#include <weft/task.hpp>
