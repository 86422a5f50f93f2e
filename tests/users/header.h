#include "striate.h"
