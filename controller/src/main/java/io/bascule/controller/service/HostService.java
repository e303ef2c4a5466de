package io.bascule.controller.service;

import io.bascule.core.api.HostView;
import java.util.List;

/** The initiators that may use volumes. */
public interface HostService {
  List<HostView> list();

  HostView get(String name);

  HostView create(HostView.Create host, String by);

  HostView change(String name, HostView.Change change, String by);

  void remove(String name, String by);
}
