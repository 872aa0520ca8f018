# cmake -DROOT=<repository> -P check-readme.cmake
# The program that the README shows is the one that is built and run as a test.
cmake_minimum_required(VERSION 3.25)
file(READ ${ROOT}/README.md readme)
file(READ ${ROOT}/examples/hello.cpp hello)
string(FIND "${readme}" "```cpp\n${hello}```" at)
if(at EQUAL -1)
  message(FATAL_ERROR "README.md does not quote examples/hello.cpp as it is")
endif()
