// The main of every test program: doctest's, with one test file linked to it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#define DOCTEST_CONFIG_IMPLEMENT  // without which what is precompiled would be all of it
#include <doctest/doctest.h>
