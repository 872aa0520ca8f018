#pragma once
// All of the component io.
#include <weft/address.hpp>
#include <weft/bytes.hpp>
#include <weft/file.hpp>
#include <weft/inspect_socket.hpp>
#include <weft/io_error.hpp>
#include <weft/pipe.hpp>
#include <weft/ready.hpp>
#include <weft/signal_set.hpp>
#include <weft/stream.hpp>
#include <weft/tcp.hpp>
#include <weft/udp.hpp>
#include <weft/unix.hpp>
