# What `cmake --install` lays down: library, header, command with its papers, and how others find them (CMake, pkg-config).
include(CMakePackageConfigHelpers)

install(TARGETS ${TARGETS} EXPORT striate)
install(FILES include/striate.h TYPE INCLUDE)
install(FILES README.md CHANGELOG.md LICENSE TYPE DOC)
file(GLOB documents docs/*.md)
install(FILES ${documents} DESTINATION ${CMAKE_INSTALL_DOCDIR}/docs)

set(PACKAGE ${CMAKE_INSTALL_LIBDIR}/cmake/striate)
configure_package_config_file(cmake/striateConfig.cmake.in striateConfig.cmake INSTALL_DESTINATION ${PACKAGE})
write_basic_package_version_file(striateConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/striateConfig.cmake ${PROJECT_BINARY_DIR}/striateConfigVersion.cmake DESTINATION ${PACKAGE})
install(EXPORT striate NAMESPACE striate:: FILE striateTargets.cmake DESTINATION ${PACKAGE})

file(RELATIVE_PATH PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
list(JOIN REQUIRES " " PC_REQUIRES)
list(JOIN SYSTEM_LIBRARIES " " PC_LIBRARIES)
configure_file(cmake/striate.pc.in striate.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/striate.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET striate_command)
    install(TARGETS striate_command)
endif()
