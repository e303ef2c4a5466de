package io.bascule.controller.catalog;

import io.bascule.controller.catalog.Catalog.HostEntry;
import io.bascule.controller.service.EventService;
import io.bascule.controller.service.HostService;
import io.bascule.controller.state.Sql;
import io.bascule.controller.state.StateDb;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.api.HostView;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The initiators that may use volumes. Any thread may call; {@link #lock} lets one change at a time
 * happen.
 */
public final class Hosts implements HostService {
  static final int HOSTS_MAX = 1_000;
  private static final String ANY = "*";
  private static final int SECRET_MIN = 12;
  private static final int SECRET_MAX = 255;
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");

  /** The three kinds of RFC 7143, 4.2.7. */
  private static final Pattern IQN =
      Pattern.compile(
          "iqn\\.\\d{4}-\\d{2}\\.[a-z0-9.-]+(:[a-z0-9.:_-]+)?|eui\\.[0-9a-f]{16}"
              + "|naa\\.([0-9a-f]{16}|[0-9a-f]{32})");

  private static final int IQN_MAX = 223;

  private final StateDb db;
  private final EventService events;
  private final boolean loopback;
  private final Runnable changed;
  private final ReentrantLock lock = new ReentrantLock();
  private volatile List<HostEntry> entries;

  /**
   * @param loopback hosts reach the portals on this machine only
   * @param changed shows hosts what they may see now
   */
  public Hosts(StateDb db, EventService events, boolean loopback, Runnable changed) {
    this.db = db;
    this.events = events;
    this.loopback = loopback;
    this.changed = changed;
    this.entries = db.transaction(CatalogTable::hosts);
  }

  public List<HostEntry> entries() {
    return entries;
  }

  @Override
  public List<HostView> list() {
    return entries.stream().map(Hosts::view).toList();
  }

  @Override
  public HostView get(String name) {
    return view(entry(name));
  }

  private HostEntry entry(String name) {
    return entries.stream()
        .filter(entry -> entry.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new Refusal(ErrorCode.NOT_FOUND, "There is no host '" + name + "'."));
  }

  private static HostView view(HostEntry entry) {
    return new HostView(entry.name(), entry.iqn(), entry.chapUser(), entry.volumes());
  }

  @Override
  public HostView create(HostView.Create host, String by) {
    String iqn = host.iqn().toLowerCase(Locale.ROOT);
    if (!NAME.matcher(host.name()).matches()) {
      throw invalid(
          "A host's name has letters, digits, '.', '_', '-', at most 63, and begins with a letter"
              + " or digit.");
    }
    if (!iqn.equals(ANY) && (iqn.length() > IQN_MAX || !IQN.matcher(iqn).matches())) {
      throw invalid(
          "An initiator's name looks like iqn.1993-08.org.debian:01:abc, eui.… or naa.…; '*' is any"
              + " initiator.");
    }
    var entry =
        new HostEntry(
            host.name(), iqn, host.chapUser(), host.chapSecret(), granted(host.volumes()));
    checkChap(entry);
    lock.lock();
    try {
      db.transaction(sql -> {
        checkNew(sql, entry);
        checkVolumes(sql, entry);
        CatalogTable.put(sql, entry);
        return entry;
      });
      reload();
    } finally {
      lock.unlock();
    }
    events.record("INFO", "host.added", "Host " + entry.name() + " (" + iqn + ") added by " + by);
    return view(entry);
  }

  private static void checkNew(Sql sql, HostEntry entry) throws SQLException {
    if (sql.number("SELECT count(*) FROM hosts WHERE name = ?", entry.name()) > 0) {
      throw new Refusal(
          ErrorCode.ALREADY_EXISTS, "There is a host '" + entry.name() + "' already.");
    }
    var holder =
        sql.first("SELECT name FROM hosts WHERE iqn = ?", row -> row.getString(1), entry.iqn());
    if (holder.isPresent()) {
      throw new Refusal(
          ErrorCode.ALREADY_EXISTS,
          "Initiator " + entry.iqn() + " is host '" + holder.get() + "' already.");
    }
    if (sql.number("SELECT count(*) FROM hosts") >= HOSTS_MAX) {
      throw new Refusal(
          ErrorCode.CONFLICTING_OPERATION, "There are " + HOSTS_MAX + " hosts already: no more.");
    }
  }

  private static void checkVolumes(Sql sql, HostEntry entry) throws SQLException {
    for (String volume : entry.volumes()) {
      if (!volume.equals(ANY) && CatalogTable.volume(sql, volume).isEmpty()) {
        throw new Refusal(ErrorCode.NOT_FOUND, "There is no volume '" + volume + "'.");
      }
    }
  }

  private void checkChap(HostEntry entry) {
    String user = entry.chapUser();
    String secret = entry.chapSecret();
    if ((user == null) != (secret == null)) {
      throw invalid("CHAP needs both, a user and a secret.");
    }
    if (user != null && (user.isBlank() || user.length() > IQN_MAX)) {
      throw invalid("A CHAP user has 1 to " + IQN_MAX + " characters.");
    }
    if (secret != null) {
      int length = secret.getBytes(StandardCharsets.UTF_8).length;
      if (length < SECRET_MIN || length > SECRET_MAX) {
        throw invalid("A CHAP secret has " + SECRET_MIN + " to " + SECRET_MAX + " characters.");
      }
    }
    if (entry.iqn().equals(ANY) && user == null && !loopback) {
      throw invalid(
          "The portals are reachable from other machines: '*' would open the volumes to anybody."
              + " Give a CHAP user and secret, or the initiator's name.");
    }
  }

  /** Saying nothing of the volumes grants all; an empty list grants none. */
  private static List<String> granted(@Nullable List<String> volumes) {
    if (volumes == null || volumes.contains(ANY)) {
      return List.of(ANY);
    }
    return volumes.stream().distinct().sorted().toList();
  }

  @Override
  public HostView change(String name, HostView.Change change, String by) {
    HostEntry entry;
    lock.lock();
    try {
      var old = entry(name);
      entry =
          new HostEntry(
              name,
              old.iqn(),
              change.chapUser() == null ? old.chapUser() : change.chapUser(),
              change.chapSecret() == null ? old.chapSecret() : change.chapSecret(),
              change.volumes() == null ? old.volumes() : granted(change.volumes()));
      checkChap(entry);
      db.transaction(sql -> {
        checkVolumes(sql, entry);
        CatalogTable.put(sql, entry);
        return entry;
      });
      reload();
    } finally {
      lock.unlock();
    }
    events.record("INFO", "host.changed", "Host " + name + " changed by " + by);
    return view(entry);
  }

  @Override
  public void remove(String name, String by) {
    lock.lock();
    try {
      var entry = entry(name);
      db.transaction(sql -> {
        CatalogTable.removeHost(sql, name);
        return entry;
      });
      reload();
    } finally {
      lock.unlock();
    }
    events.record("INFO", "host.removed", "Host " + name + " removed by " + by);
  }

  private void reload() {
    refresh();
    changed.run();
  }

  /** Reads the hosts again: a volume has gone, and with it what was granted of it. */
  public void refresh() {
    entries = db.transaction(CatalogTable::hosts);
  }

  private static Refusal invalid(String detail) {
    return new Refusal(ErrorCode.INVALID_ARGUMENT, detail);
  }
}
