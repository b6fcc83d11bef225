# tools/packaging: what a distribution installs beside the programs.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = tools/packaging/bash/hull
dist_man_MANS += tools/packaging/hull.1 tools/packaging/hulld.8
systemunitdir = $(prefix)/lib/systemd/system
nodist_systemunit_DATA = tools/packaging/hulld.service
CLEANFILES += tools/packaging/hulld.service

tools/packaging/hulld.service: $(top_srcdir)/tools/packaging/hulld.service.in
	$(AM_V_GEN)$(MKDIR_P) tools/packaging && \
	sed 's,@sbindir[@],$(sbindir),' $(top_srcdir)/tools/packaging/hulld.service.in >$@
