# How a component, and any program of this repository, is built.

# The flags of weft's own code; never those of whoever links it.
function(weft_own_code target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -fno-omit-frame-pointer
                                           $<$<BOOL:${WEFT_WERROR}>:-Werror>)
endfunction()

# weft_component(<folder> [OPTIONAL] [DEPS <folder>...] [LIBS <target>...])
# The folder's *.cpp become the static library weft::<folder>; folder/weft/**/*.hpp are its installed headers.
# Only this folder and those of DEPS are on the path for <weft/...>, so an include of a higher layer does not compile.
# A folder with nothing in it is no component. OPTIONAL: no part of weft::weft, and a package of its own in find_package.
function(weft_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "OPTIONAL" "" "DEPS;LIBS")
  set(root ${PROJECT_SOURCE_DIR}/${name})
  file(GLOB sources CONFIGURE_DEPENDS ${root}/*.cpp ${root}/*/*.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${root}/weft/*.hpp)
  if(NOT sources AND NOT headers)
    return()
  endif()

  set(target weft_${name})
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
    weft_own_code(${target})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}) # "scheduler/worker.hpp"
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(weft::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS ${root} FILES ${headers})
  list(TRANSFORM arg_DEPS PREPEND weft::)
  target_link_libraries(${target} ${scope} ${arg_DEPS} ${arg_LIBS})

  if(arg_OPTIONAL)
    set_property(GLOBAL APPEND PROPERTY WEFT_OPTIONAL_COMPONENTS ${name})
  else()
    set_property(GLOBAL APPEND PROPERTY WEFT_COMPONENTS ${name})
  endif()
endfunction()
