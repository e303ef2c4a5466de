package io.bascule.sim.rt;

import io.bascule.sim.rt.Defect.Edit;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.MonitorInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.DynamicCallSiteDesc;
import java.lang.constant.MethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites a class while it is loaded. Calls of what the simulation has to rule over go to {@link
 * Rt}; monitors become the simulation's; before what one thread can see of another stands a point
 * at which the other may run. A call it does not know how to rule over is an error, not chance.
 */
final class Rewriter {
  private static final ClassDesc RT = ClassDesc.of(Rt.class.getName());
  private static final ClassDesc THREADS = RT.nested("Threads");
  private static final ClassDesc OBJECT = ConstantDescs.CD_Object;
  private static final String LOCKED = "$locked";

  /** Static methods by owner and name; the same shape in {@link Rt} under the other name. */
  private static final Map<String, String> STATICS =
      Map.ofEntries(
          Map.entry("java.lang.System.nanoTime", "nanoTime"),
          Map.entry("java.lang.System.currentTimeMillis", "currentTimeMillis"),
          Map.entry("java.lang.System.getLogger", "logger"),
          Map.entry("java.time.Instant.now", "instant"),
          Map.entry("java.time.Clock.systemUTC", "systemUtc"),
          Map.entry("java.lang.Thread.sleep", "sleep"),
          Map.entry("java.lang.Thread.yield", "spin"),
          Map.entry("java.lang.Thread.onSpinWait", "spin"),
          Map.entry("java.util.concurrent.locks.LockSupport.parkNanos", "parkNanos"),
          Map.entry("java.util.UUID.randomUUID", "randomUuid"),
          Map.entry("java.nio.ByteBuffer.allocateDirect", "allocateDirect"),
          Map.entry("java.lang.foreign.Arena.ofShared", "sharedArena"),
          Map.entry("java.sql.DriverManager.getConnection", "connect"),
          Map.entry("java.util.Map.of", "mapOf"),
          Map.entry("java.util.Map.copyOf", "copyOf"),
          Map.entry("java.util.Set.of", "setOf"),
          Map.entry("java.util.Set.copyOf", "copyOf"),
          Map.entry("java.util.stream.Collectors.toUnmodifiableMap", "toUnmodifiableMap"),
          Map.entry("java.util.stream.Collectors.toUnmodifiableSet", "toUnmodifiableSet"));

  private static final String UNIT = "Ljava/util/concurrent/TimeUnit;";

  /** Instance methods by name and descriptor, whatever their class. */
  private static final Map<String, String> INSTANCES =
      Map.ofEntries(
          Map.entry("awaitNanos(J)J", "awaitNanos"),
          Map.entry("await(J" + UNIT + ")Z", "await"),
          Map.entry("get(J" + UNIT + ")Ljava/lang/Object;", "get"),
          Map.entry("poll(J" + UNIT + ")Ljava/lang/Object;", "poll"),
          Map.entry("tryLock(J" + UNIT + ")Z", "tryLock"),
          Map.entry("awaitTermination(J" + UNIT + ")Z", "awaitTermination"),
          Map.entry("allowCoreThreadTimeOut(Z)V", "allowCoreThreadTimeOut"));

  /** The same where only one class of the JDK is meant. */
  private static final Map<String, String> OF_CLASSES =
      Map.ofEntries(
          Map.entry("java.lang.Thread.join(Ljava/time/Duration;)Z", "join"),
          Map.entry("java.lang.Thread.join(J)V", "join"),
          Map.entry("java.lang.Object.wait()V", "await"),
          Map.entry("java.lang.Object.wait(J)V", "await"),
          Map.entry("java.lang.Object.notify()V", "wake"),
          Map.entry("java.lang.Object.notifyAll()V", "wakeAll"),
          Map.entry("java.security.SecureRandom.nextBytes([B)V", "nextBytes"));

  /** Where these are used nobody rules over time or order. */
  private static final Set<String> UNRULED_NEW =
      Set.of(
          "java.lang.Thread",
          "java.util.Timer",
          "java.util.Random",
          "java.util.concurrent.ScheduledThreadPoolExecutor",
          "java.util.concurrent.ForkJoinPool");

  private static final Set<String> UNRULED_CALLS =
      Set.of(
          "java.util.concurrent.Executors",
          "java.util.concurrent.ThreadLocalRandom",
          "java.util.concurrent.ForkJoinPool");

  /** Its buffers are kept in a static, from run to run. */
  private static final String KEEPS_BUFFERS = "io.bascule.migration.MirroredVolume";

  /** Pools have other sizes in the simulation, set where the product sets them. */
  private static final String POOL_STORAGE = "io.bascule.migration.PoolStorage";

  private static final ClassDesc POOL_KNOBS = ClassDesc.of("io.bascule.sim.world.PoolKnobs");

  /** Marks are proven clean every second, not every ten: within a run, that is. */
  private static final String MIGRATION = "io.bascule.migration.Migration";

  private static final ClassDesc MISCHIEF = ClassDesc.of("io.bascule.sim.world.Mischief");

  private final ClassFile file;
  private final Map<String, List<Defect>> defects = new HashMap<>();
  private final Set<Defect> planted = new LinkedHashSet<>();

  Rewriter(ClassLoader classes, List<Defect> defects) {
    this.file =
        ClassFile.of(
            ClassFile.ClassHierarchyResolverOption.of(
                ClassHierarchyResolver.ofResourceParsing(classes)));
    for (var defect : defects) {
      this.defects
          .computeIfAbsent("io.bascule." + defect.type(), type -> new ArrayList<>())
          .add(defect);
    }
  }

  List<Defect> planted() {
    synchronized (planted) {
      return List.copyOf(planted);
    }
  }

  byte[] rewrite(String name, byte[] content) {
    var model = file.parse(content);
    return new OneClass(name, model).rewritten();
  }

  /** The work on one class. */
  private final class OneClass {
    private final String name;
    private final ClassModel model;
    private final ClassDesc type;
    private final boolean product;
    private final Set<String> volatiles = new HashSet<>();

    OneClass(String name, ClassModel model) {
      this.name = name;
      this.model = model;
      this.type = model.thisClass().asSymbol();
      this.product = !name.startsWith("io.bascule.sim.");
      for (var field : model.fields()) {
        if ((field.flags().flagsMask() & ClassFile.ACC_VOLATILE) != 0) {
          volatiles.add(field.fieldName().stringValue());
        }
      }
    }

    byte[] rewritten() {
      return file.transformClass(model, this::element);
    }

    private void element(ClassBuilder to, ClassElement element) {
      if (!(element instanceof MethodModel method) || method.code().isEmpty()) {
        to.with(element);
        return;
      }
      int flags = method.flags().flagsMask();
      if ((flags & ClassFile.ACC_SYNCHRONIZED) == 0) {
        copy(to, method, method.methodName().stringValue(), flags);
        return;
      }
      String inner = method.methodName().stringValue() + LOCKED;
      boolean isStatic = (flags & ClassFile.ACC_STATIC) != 0;
      int kept = flags & ~ClassFile.ACC_SYNCHRONIZED;
      copy(
          to,
          method,
          inner,
          ClassFile.ACC_PRIVATE | ClassFile.ACC_SYNTHETIC | (isStatic ? ClassFile.ACC_STATIC : 0));
      to.withMethodBody(
          method.methodName().stringValue(),
          method.methodTypeSymbol(),
          kept,
          code -> lockAround(code, inner, method.methodTypeSymbol(), isStatic));
    }

    private void lockAround(CodeBuilder code, String inner, MethodTypeDesc shape, boolean statics) {
      lock(code, statics);
      code.invokestatic(RT, "enter", MethodTypeDesc.of(ConstantDescs.CD_void, OBJECT));
      code.trying(
          body -> {
            int slot = 0;
            if (!statics) {
              body.aload(slot++);
            }
            for (var parameter : shape.parameterList()) {
              var kind = TypeKind.from(parameter);
              body.loadLocal(kind, slot);
              slot += kind.slotSize();
            }
            if (statics) {
              body.invokestatic(type, inner, shape);
            } else {
              body.invokespecial(type, inner, shape);
            }
            lock(body, statics);
            body.invokestatic(RT, "exit", MethodTypeDesc.of(ConstantDescs.CD_void, OBJECT));
            body.return_(TypeKind.from(shape.returnType()));
          },
          catches ->
              catches.catchingAll(handler -> {
                lock(handler, statics);
                handler.invokestatic(RT, "exit", MethodTypeDesc.of(ConstantDescs.CD_void, OBJECT));
                handler.athrow();
              }));
    }

    private void lock(CodeBuilder code, boolean statics) {
      if (statics) {
        code.loadConstant(type);
      } else {
        code.aload(0);
      }
    }

    private void copy(ClassBuilder to, MethodModel method, String as, int flags) {
      String original = method.methodName().stringValue();
      var edits =
          defects.getOrDefault(name, List.of()).stream()
              .filter(defect -> concerns(defect.method(), original))
              .toList();
      var nothing =
          edits.stream().filter(defect -> defect.edit() instanceof Edit.Nothing).findFirst();
      to.withMethod(
          as,
          method.methodTypeSymbol(),
          flags,
          builder -> {
            for (var element : method) {
              if (element instanceof CodeModel code) {
                if (nothing.isPresent()) {
                  found(nothing.get());
                  int result = ((Edit.Nothing) nothing.get().edit()).result();
                  builder.withCode(body -> {
                    push(body, method.methodTypeSymbol().returnType(), result);
                    body.return_(TypeKind.from(method.methodTypeSymbol().returnType()));
                  });
                } else {
                  var work = new OneMethod(original, edits);
                  builder.transformCode(code, work::element);
                }
              } else if (element instanceof java.lang.classfile.AccessFlags
                  || element instanceof CodeAttribute) {
                continue;
              } else {
                builder.with(element);
              }
            }
          });
    }

    /** {@code lambda$settle$3} is of {@code settle}. */
    private static boolean concerns(String wanted, String method) {
      return method.equals(wanted) || method.startsWith("lambda$" + wanted + "$");
    }

    private void found(Defect defect) {
      synchronized (planted) {
        planted.add(defect);
      }
    }

    private static void push(CodeBuilder code, ClassDesc type, int value) {
      switch (TypeKind.from(type)) {
        case VOID -> {}
        case LONG -> code.loadConstant((long) value);
        case REFERENCE -> code.aconst_null();
        case FLOAT -> code.loadConstant((float) value);
        case DOUBLE -> code.loadConstant((double) value);
        default -> code.loadConstant(value);
      }
    }

    /** The work on one method. */
    private final class OneMethod {
      private final String method;
      private final List<Defect> edits;
      private final Map<Defect, Integer> seen = new HashMap<>();
      private boolean begun;

      OneMethod(String method, List<Defect> edits) {
        this.method = method;
        this.edits = edits;
      }

      void element(CodeBuilder to, CodeElement element) {
        if (edited(to, element)) {
          return;
        }
        initialising(to, element);
        if (name.equals(MIGRATION)
            && method.equals("<clinit>")
            && element instanceof ConstantInstruction constant
            && constant.constantValue().equals(10L)) {
          to.loadConstant(1L);
          return;
        }
        switch (element) {
          case MonitorInstruction monitor ->
              to.invokestatic(
                  RT,
                  monitor.opcode() == Opcode.MONITORENTER ? "enter" : "exit",
                  MethodTypeDesc.of(ConstantDescs.CD_void, OBJECT));
          case InvokeInstruction call -> call(to, call);
          case InvokeDynamicInstruction call -> dynamic(to, call);
          case FieldInstruction field
              when product
                  && volatiles.contains(field.name().stringValue())
                  && field.owner().asSymbol().equals(type)
                  && mayYield() -> {
            point(to);
            to.with(field);
          }
          case NewObjectInstruction made -> {
            refuse(UNRULED_NEW, name(made.className().asSymbol()));
            to.with(made);
          }
          default -> to.with(element);
        }
      }

      /**
       * A class is initialised in the first run that needs it, and in no other: nothing of that may
       * count. It ends with its last instruction, which a {@code static} block cannot do elsewhere.
       */
      private void initialising(CodeBuilder to, CodeElement element) {
        if (!product || !method.equals("<clinit>") || !(element instanceof Instruction one)) {
          return;
        }
        if (!begun) {
          begun = true;
          to.invokestatic(RT, "initialises", MethodTypeDesc.of(ConstantDescs.CD_void));
        }
        if (one.opcode() == Opcode.RETURN) {
          to.invokestatic(RT, "initialised", MethodTypeDesc.of(ConstantDescs.CD_void));
        }
      }

      /** A constructor's object is seen by nobody, and a class initialiser cannot wait. */
      private boolean mayYield() {
        return product && !method.equals("<clinit>") && !method.equals("<init>");
      }

      private void point(CodeBuilder to) {
        to.invokestatic(RT, "point", MethodTypeDesc.of(ConstantDescs.CD_void));
      }

      private void refuse(Set<String> unruled, String used) {
        if (product && unruled.contains(used)) {
          throw new IllegalStateException(
              name + "." + method + " uses " + used + ", which the simulation does not rule over");
        }
      }

      private void call(CodeBuilder to, InvokeInstruction call) {
        var owner = call.owner().asSymbol();
        String callee = call.name().stringValue();
        var shape = call.typeSymbol();
        String ownerName = name(owner);
        refuse(UNRULED_CALLS, ownerName);
        if (call.opcode() == Opcode.INVOKESTATIC) {
          String instead = STATICS.get(ownerName + "." + callee);
          if (ownerName.equals("java.lang.Thread")
              && (callee.equals("ofPlatform") || callee.equals("ofVirtual"))) {
            to.invokestatic(RT, "threads", MethodTypeDesc.of(THREADS));
          } else if (instead != null && !(instead.equals("allocateDirect") && keepsBuffers())) {
            to.invokestatic(RT, instead, shape);
          } else {
            to.with(call);
          }
          return;
        }
        if (ownerName.startsWith("java.lang.Thread$Builder")) {
          to.invokevirtual(THREADS, callee, builderShape(shape));
          return;
        }
        String text = callee + shape.descriptorString();
        String instead = OF_CLASSES.get(ownerName + "." + text);
        if (instead == null && call.opcode() != Opcode.INVOKESPECIAL) {
          instead = INSTANCES.get(text);
        }
        if (instead != null) {
          to.invokestatic(RT, instead, shape.insertParameterTypes(0, OBJECT));
          return;
        }
        if (name.equals(POOL_STORAGE) && callee.equals("withKernelBoot")) {
          to.invokestatic(POOL_KNOBS, callee, shape.insertParameterTypes(0, owner));
          return;
        }
        if (product
            && ownerName.startsWith("java.util.concurrent.")
            && text.contains(UNIT)
            && !callee.equals("<init>")
            && !ownerName.equals("java.util.concurrent.TimeUnit")) {
          throw new IllegalStateException(
              name + "." + method + " waits with " + ownerName + "." + text);
        }
        if (mayYield() && isSharing(ownerName)) {
          point(to);
        }
        to.with(call);
      }

      private boolean keepsBuffers() {
        return name.equals(KEEPS_BUFFERS) || method.equals("<clinit>");
      }

      private static boolean isSharing(String owner) {
        return owner.startsWith("java.util.concurrent.atomic.")
            || owner.startsWith("java.util.concurrent.locks.");
      }

      private static MethodTypeDesc builderShape(MethodTypeDesc shape) {
        return name(shape.returnType()).startsWith("java.lang.Thread$Builder")
            ? shape.changeReturnType(THREADS)
            : shape;
      }

      private void dynamic(CodeBuilder to, InvokeDynamicInstruction call) {
        var arguments = new ArrayList<ConstantDesc>();
        boolean changed = false;
        for (var argument : call.bootstrapArgs()) {
          var handle = argument instanceof DirectMethodHandleDesc direct ? instead(direct) : null;
          arguments.add(handle == null ? argument : handle);
          changed |= handle != null;
        }
        if (!changed) {
          to.with(call);
          return;
        }
        to.invokedynamic(
            DynamicCallSiteDesc.of(
                call.bootstrapMethod(),
                call.name().stringValue(),
                call.typeSymbol(),
                arguments.toArray(new ConstantDesc[0])));
      }

      private @Nullable ConstantDesc instead(DirectMethodHandleDesc handle) {
        String owner = name(handle.owner());
        if (handle.refKind() == java.lang.invoke.MethodHandleInfo.REF_invokeStatic) {
          String instead = STATICS.get(owner + "." + handle.methodName());
          return instead == null
              ? null
              : MethodHandleDesc.ofMethod(
                  DirectMethodHandleDesc.Kind.STATIC,
                  RT,
                  instead,
                  MethodTypeDesc.ofDescriptor(handle.lookupDescriptor()));
        }
        String text = handle.methodName() + handle.lookupDescriptor();
        if (OF_CLASSES.containsKey(owner + "." + text) || INSTANCES.containsKey(text)) {
          throw new IllegalStateException(name + "." + method + " refers to " + text);
        }
        return null;
      }

      // ---- defects

      private boolean edited(CodeBuilder to, CodeElement element) {
        for (var defect : edits) {
          boolean done =
              switch (defect.edit()) {
                case Edit.NoCall edit -> noCall(to, element, defect, edit);
                case Edit.Negated edit -> negated(to, element, defect, edit);
                case Edit.Never edit -> never(to, element, defect, edit);
                case Edit.Constant edit -> constant(to, element, defect, edit);
                case Edit.OtherCall edit -> otherCall(to, element, defect, edit);
                case Edit.OtherField edit -> otherField(to, element, edit);
                case Edit.First edit -> first(to, defect, edit);
                case Edit.Nothing _ -> false;
              };
          if (done) {
            found(defect);
            return true;
          }
        }
        return false;
      }

      private boolean isNth(Defect defect, int nth) {
        int at = seen.merge(defect, 1, Integer::sum);
        return nth == 0 || at == nth;
      }

      private boolean noCall(CodeBuilder to, CodeElement element, Defect defect, Edit.NoCall edit) {
        if (!(element instanceof InvokeInstruction call)
            || !call.name().equalsString(edit.callee())
            || !isNth(defect, edit.nth())) {
          return false;
        }
        var shape = call.typeSymbol();
        for (int i = shape.parameterCount() - 1; i >= 0; i--) {
          pop(to, shape.parameterType(i));
        }
        boolean isStatic = call.opcode() == Opcode.INVOKESTATIC;
        if (!isStatic && shape.returnType().equals(call.owner().asSymbol())) {
          return true;
        }
        if (!isStatic) {
          to.pop();
        }
        push(to, shape.returnType(), edit.result());
        return true;
      }

      private static void pop(CodeBuilder to, ClassDesc type) {
        if (TypeKind.from(type).slotSize() == 2) {
          to.pop2();
        } else {
          to.pop();
        }
      }

      private boolean negated(
          CodeBuilder to, CodeElement element, Defect defect, Edit.Negated edit) {
        if (!(element instanceof BranchInstruction branch)
            || branch.opcode() == Opcode.GOTO
            || branch.opcode() == Opcode.GOTO_W
            || !isNth(defect, edit.nth())) {
          return false;
        }
        to.branch(opposite(branch.opcode()), branch.target());
        return true;
      }

      /** A condition is compiled to a jump over what stands under it. */
      private boolean never(CodeBuilder to, CodeElement element, Defect defect, Edit.Never edit) {
        if (!(element instanceof BranchInstruction branch)
            || branch.opcode() == Opcode.GOTO
            || branch.opcode() == Opcode.GOTO_W
            || !isNth(defect, edit.nth())) {
          return false;
        }
        String name = branch.opcode().name();
        if (name.startsWith("IF_")) {
          to.pop2();
        } else {
          to.pop();
        }
        to.goto_(branch.target());
        return true;
      }

      private static Opcode opposite(Opcode opcode) {
        return switch (opcode) {
          case IFEQ -> Opcode.IFNE;
          case IFNE -> Opcode.IFEQ;
          case IFLT -> Opcode.IFGE;
          case IFGE -> Opcode.IFLT;
          case IFGT -> Opcode.IFLE;
          case IFLE -> Opcode.IFGT;
          case IF_ICMPEQ -> Opcode.IF_ICMPNE;
          case IF_ICMPNE -> Opcode.IF_ICMPEQ;
          case IF_ICMPLT -> Opcode.IF_ICMPGE;
          case IF_ICMPGE -> Opcode.IF_ICMPLT;
          case IF_ICMPGT -> Opcode.IF_ICMPLE;
          case IF_ICMPLE -> Opcode.IF_ICMPGT;
          case IF_ACMPEQ -> Opcode.IF_ACMPNE;
          case IF_ACMPNE -> Opcode.IF_ACMPEQ;
          case IFNULL -> Opcode.IFNONNULL;
          case IFNONNULL -> Opcode.IFNULL;
          default -> throw new IllegalStateException("no opposite of " + opcode);
        };
      }

      private boolean constant(
          CodeBuilder to, CodeElement element, Defect defect, Edit.Constant edit) {
        if (!(element instanceof ConstantInstruction constant)
            || !(constant.constantValue() instanceof Number number)
            || number.longValue() != edit.from()) {
          return false;
        }
        if (constant.typeKind() == TypeKind.LONG) {
          to.loadConstant(edit.to());
        } else {
          to.loadConstant((int) edit.to());
        }
        return true;
      }

      private static boolean otherField(CodeBuilder to, CodeElement element, Edit.OtherField edit) {
        if (!(element instanceof FieldInstruction field)
            || field.opcode() != Opcode.GETSTATIC
            || !field.name().equalsString(edit.from())) {
          return false;
        }
        to.getstatic(field.owner().asSymbol(), edit.to(), field.typeSymbol());
        return true;
      }

      /** Before the first instruction; which is then done as it was. */
      private boolean first(CodeBuilder to, Defect defect, Edit.First edit) {
        if (seen.merge(defect, 1, Integer::sum) == 1) {
          found(defect);
          to.invokestatic(MISCHIEF, edit.mischief(), MethodTypeDesc.of(ConstantDescs.CD_void));
        }
        return false;
      }

      private boolean otherCall(
          CodeBuilder to, CodeElement element, Defect defect, Edit.OtherCall edit) {
        if (!(element instanceof InvokeInstruction call)
            || !call.name().equalsString(edit.callee())) {
          return false;
        }
        to.invoke(
            call.opcode(),
            call.owner().asSymbol(),
            edit.instead(),
            call.typeSymbol(),
            call.isInterface());
        return true;
      }
    }
  }

  /** {@code java.lang.Thread$Builder}. */
  private static String name(ClassDesc type) {
    String descriptor = type.descriptorString();
    return type.isClassOrInterface()
        ? descriptor.substring(1, descriptor.length() - 1).replace('/', '.')
        : descriptor;
  }

  /** Attributes of a method that say what its code looks like are made anew. */
  static boolean isOfCode(String attribute) {
    return attribute.equals(Attributes.NAME_CODE);
  }
}
