#pragma once
// unstarted: a job as queues hold it. What it does is the layer above's business.
#include <weft/detail/job.hpp>

namespace weft::detail {

struct unstarted : job {
  using job::job;
  unstarted* next = nullptr;  // link of the injection queue
};

}  // namespace weft::detail
