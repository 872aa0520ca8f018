# Installs the components so that find_package(weft CONFIG) gives weft::weft, weft::scheduler, weft::runtime and the rest.
include(CMakePackageConfigHelpers)
set(weft_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weft)

foreach(component IN LISTS weft_components)
  install(TARGETS weft_${component} EXPORT weft-targets FILE_SET HEADERS)
endforeach()
install(TARGETS weft EXPORT weft-targets FILE_SET HEADERS)
install(EXPORT weft-targets NAMESPACE weft:: DESTINATION ${weft_package_dir})
foreach(component IN LISTS weft_optional_components)
  install(TARGETS weft_${component} EXPORT weft-${component}-targets FILE_SET HEADERS)
  install(EXPORT weft-${component}-targets NAMESPACE weft:: DESTINATION ${weft_package_dir})
endforeach()

configure_package_config_file(cmake/weft-config.cmake.in ${PROJECT_BINARY_DIR}/weft-config.cmake
                              INSTALL_DESTINATION ${weft_package_dir})
# Before 1.0 a new minor version may break its users.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/weft-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/weft-config.cmake ${PROJECT_BINARY_DIR}/weft-config-version.cmake
        DESTINATION ${weft_package_dir})

install(PROGRAMS tools/weft-top TYPE BIN)
# gdb -x, or `source` in ~/.gdbinit: the libraries are static, so gdb has no file of weft's whose scripts it could load by itself.
install(FILES tools/weft-gdb.py DESTINATION ${CMAKE_INSTALL_DATADIR}/weft)
install(DIRECTORY tools/weft_gdb DESTINATION ${CMAKE_INSTALL_DATADIR}/weft FILES_MATCHING PATTERN "*.py")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
