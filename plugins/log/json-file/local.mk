# plugins/log/json-file: see the top of Makefile.am
