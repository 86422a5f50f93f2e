# striate_double: base, kernels (one instruction set), ops, optim and graph in double precision.
set(double_sources ${SOURCES} ${KERNELS})
list(FILTER double_sources INCLUDE REGEX "^src/(base|kernels|ops|optim|graph)/")
list(TRANSFORM double_sources PREPEND ${PROJECT_SOURCE_DIR}/)
add_library(striate_double STATIC ${double_sources} trial.c)
target_compile_options(striate_double PUBLIC "SHELL:-include ${CMAKE_CURRENT_SOURCE_DIR}/in_double.h" -Wno-psabi -Wno-keyword-macro -Wno-pass-failed)
target_compile_definitions(striate_double PRIVATE ISA=base)
target_include_directories(striate_double PUBLIC ../include ../src)
target_link_libraries(striate_double PUBLIC reference ${LIBRARIES} ${SYSTEM_LIBRARIES})
